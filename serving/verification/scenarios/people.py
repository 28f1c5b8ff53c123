"""What people's acts are stopped by: the policy in force, and names that stand for nobody."""

from dataclasses import replace
from typing import Final

from interlock.runtime.door.acts import Acts
from interlock.runtime.door.policy_in_force import PolicyInForce
from interlock.runtime.errors import BadInput, NotFound, NotPermitted
from interlock.runtime.policy.act import Act
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.events import HOME
from interlock.runtime.run import subject
from interlock.runtime.run.subject import Look
from interlock.runtime.testing import AGENT, REVIEWER, TOOLBOX, StaticPoint
from interlock.serving.desk import Desk
from interlock.serving.operations import kill_switches, policies
from interlock.serving.policy.ordinary import at
from interlock.serving.verification.trial import NOTE, Trial, WentThrough, refused

_ACT: Final[Act] = "approval.decide"
#: Another policy than the one in force
_OTHER: Final = "f" * 64


async def denied_act(trial: Trial) -> None:
    """Stops an act of a person that the policy denies before it begins, and records the refusal."""
    begun: list[str] = []

    async def work() -> None:
        begun.append("probe")

    world = trial.world
    before = await world.ledger.head(HOME)
    with refused("an act that was denied", NotPermitted):
        await world.runtime.acts.perform(
            "policy.activate",
            work,
            person=REVIEWER,
            arguments={"revision": "probe"},
            look=subject.installation("policy", "probe"),
        )
    if begun:
        raise WentThrough("the act was begun")
    after = await world.ledger.head(HOME)
    if after == before:
        raise WentThrough("the refusal was not recorded")


async def foreign_tenant(trial: Trial) -> None:
    """Stops at the policy in force an act on what belongs to another tenant."""
    look = await _waiting(trial)
    foreign = replace(_entitled(trial), tenant="probe-elsewhere")
    await _denied(trial, foreign, look, code="wrong_tenant")


async def own_request(trial: Trial) -> None:
    """Stops at the policy in force a person who decides on his or her own request."""
    look = await _waiting(trial)
    requester = replace(_entitled(trial), id=(AGENT.on_behalf_of or "").upper())
    await _denied(trial, requester, look, code="own_request")


async def unentitled_act(trial: Trial) -> None:
    """Stops at the policy in force an act that no role of the person is granted."""
    look = await _waiting(trial)
    nobody = replace(_entitled(trial), roles=())
    await _denied(trial, nobody, look, code="not_granted")


async def agent_as_person(trial: Trial) -> None:
    """Stops at the policy in force an agent that acts as a person."""
    look = await _waiting(trial)
    agent = replace(_entitled(trial), on_behalf_of="ana")
    await _denied(trial, agent, look, code="not_a_person")


async def nameless_requester(trial: Trial) -> None:
    """Stops a run that is asked for by nobody, or by an agent."""
    for name in ("", " \u200b", "agent:probe", "AGENT:probe"):
        person = replace(REVIEWER, id=name)
        with refused(f"a run for {name!r}", BadInput, code="nobody"):
            await trial.world.runtime.start(TOOLBOX, {"text": ""}, principal=person)


async def unknown_switch(trial: Trial) -> None:
    """Stops a person from believing that a switch for nothing has stopped something."""
    policy = await _in_force(trial)
    desk = Desk(
        settings=trial.home.settings,
        storage=trial.world.runtime.storage,
        acts=_acts(trial, policy),
        policy=policy,
        bundle=trial.home.bundle,
    )
    for scope in ("tenant", "tool", "run"):
        with refused(f"a switch for an unknown {scope}", NotFound):
            await kill_switches.engage(
                desk,
                scope,
                "probe-typo",
                person=REVIEWER,
            )


async def unactivated_policy(trial: Trial) -> None:
    """Stops a policy that is configured and was not activated from deciding on people's acts."""
    look = await _waiting(trial)
    await _in_force(trial)
    policy = PolicyInForce(
        store=trial.world.store,
        vault=trial.world.vault,
        configured=StaticPoint(effects={_ACT: "permit"}, revision=_OTHER),
        bundle=None,
    )
    nobody = replace(_entitled(trial), roles=())
    try:
        await _denied(trial, nobody, look, code="not_granted", policy=policy)
    finally:
        policy.close()


async def irreplaceable_policy(trial: Trial) -> None:
    """Stops a policy that lets nobody replace it from being activated."""
    before = await _in_force(trial)
    grants: dict[str, list[str]] = {"everyone": []}
    bundle = replace(
        trial.home.bundle,
        revision=_OTHER,
        data={"rails": {"config": {"grants": grants}}},
    )
    after = PolicyInForce(
        store=trial.world.store,
        vault=trial.world.vault,
        configured=StaticPoint(revision=_OTHER),
        bundle=bundle,
    )
    person = _entitled(trial, act="policy.activate")
    with refused("a policy for good", BadInput):
        await policies.activate(after, _acts(trial, before), person=person)


async def _waiting(trial: Trial) -> Look:
    """Return the look at a question that waits for a person."""
    run = await trial.start()
    waiting = await trial.asked(run)
    return subject.verdict(waiting.approval_id)


async def _denied(
    trial: Trial,
    person: Principal,
    look: Look,
    *,
    code: str,
    policy: PolicyInForce | None = None,
) -> None:
    """Let *person* decide what waits, which the policy in force must deny with *code*."""
    begun: list[str] = []

    async def work() -> None:
        begun.append("probe")

    try:
        await _acts(trial, policy or await _in_force(trial)).perform(
            _ACT,
            work,
            person=person,
            arguments={
                "approval": "probe",
                "verdict": "approved",
                "shown": "",
                "note": NOTE,
            },
            look=look,
        )
    except NotPermitted as error:
        if code in error.codes and not begun:
            return
        raise WentThrough(f"it was denied with {' '.join(error.codes)}") from error
    raise WentThrough("it was permitted")


async def _in_force(trial: Trial) -> PolicyInForce:
    """Put the policy of the home in force for the people of the trial."""
    policy = PolicyInForce(
        store=trial.world.store,
        vault=trial.world.vault,
        configured=trial.home.pdp,
        bundle=trial.home.bundle,
    )
    await policy.activate()
    return policy


def _acts(trial: Trial, policy: PolicyInForce) -> Acts:
    """Return the acts of people on the trial's runs, decided by *policy*."""
    world = trial.world
    return Acts(store=world.store, vault=world.vault, policy=policy)


def _entitled(trial: Trial, *, act: Act = _ACT) -> Principal:
    """Return a person with every role that may do *act*, by default decide what waits."""
    grants = at(trial.home.bundle.data, "rails", "config", "grants") or {}
    roles = tuple(role for role, names in grants.items() if act in names)
    return Principal(id="rita", tenant=AGENT.tenant, roles=roles)


PEOPLE: Final = {
    "denied-act": denied_act,
    "foreign-tenant": foreign_tenant,
    "own-request": own_request,
    "unentitled-act": unentitled_act,
    "agent-as-person": agent_as_person,
    "nameless-requester": nameless_requester,
    "unknown-switch": unknown_switch,
    "unactivated-policy": unactivated_policy,
    "irreplaceable-policy": irreplaceable_policy,
}
