"""The guards around the door, each tried once: what must not happen is proposed, and refused."""

from dataclasses import replace
from typing import Final

from sqlalchemy import text

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Failed, Waiting
from interlock.runtime.door.tool import Tool, schema_digest
from interlock.runtime.errors import (
    BadInput,
    Fenced,
    NotAPermit,
    NotPermitted,
    NotRecorded,
)
from interlock.runtime.graph.answer import say
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import FACTS, Principal
from interlock.runtime.record.events import HOME
from interlock.runtime.run import subject
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.testing import AGENT, PLENTY, REVIEWER
from interlock.serving.verification.trial import (
    FAIL,
    READ,
    STRANGE,
    WAIT,
    WORDS,
    WRITE,
    Note,
    Trial,
    WentThrough,
    refused,
)

_UNRECORDABLE: Final = (
    "CREATE TRIGGER probe BEFORE INSERT ON ledger_entry "
    "BEGIN SELECT RAISE(ABORT, 'probe'); END"
)
_RECORDABLE: Final = "DROP TRIGGER probe"


async def unknown_tool(trial: Trial) -> None:
    """A tool that is not there is denied, whatever the policy says."""
    run = await trial.world.start()
    await trial.denied(run, "probe.nowhere", code="not_callable")


async def schema(trial: Trial) -> None:
    """Arguments that do not fit the tool's schema reach no tool, and the policy is told."""
    run = await trial.world.start()
    await trial.denied(
        run,
        WRITE,
        code="not_callable",
        text=7,
        force=True,
    )
    if trial.pdp.asked[-1].context.schema_valid:
        raise WentThrough("the policy was told that the arguments fit")


async def drift(trial: Trial) -> None:
    """The policy is told the schema that a tool's code has now, so that it can see a change."""
    run = await trial.world.start()
    await trial.permitted(run, WRITE)
    context = trial.pdp.asked[-1].context
    schema = schema_digest(trial.world.tools[WRITE])
    if context.tool_schema != schema:
        raise WentThrough(f"the policy was told the schema {context.tool_schema}")
    if context.version != FACTS:
        raise WentThrough(f"the policy was told facts of version {context.version}")


async def obligation(trial: Trial) -> None:
    """A permit with a duty that nobody can discharge is a deny."""
    run = await trial.world.start()
    await trial.denied(run, STRANGE, code="obligation_unknown")


async def persons_act(trial: Trial) -> None:
    """An act of a person that the policy denies is not begun, and its refusal is recorded."""
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


async def permit_by_hand(trial: Trial) -> None:
    """Nobody but the enforcement point makes a permit."""
    with refused("a permit made by hand", TypeError):
        Permit(
            object(),  # type: ignore[arg-type]  # on purpose not a mint
            tool=WRITE,
            digest="",
            action_id="",
            run_id="",
            claim="",
            tenant="",
        )


async def tool_without_permit(trial: Trial) -> None:
    """A tool called without a permit does nothing; every installed tool is one that asks for it."""
    write = trial.world.tools[WRITE]
    with trial.untouched(), refused("a call without a permit", TypeError):
        await write(None, Note())  # type: ignore[arg-type]  # on purpose no permit
    tools = trial.home.pep.tools
    strange = [name for name, tool in tools.items() if type(tool) is not Tool]
    if strange:
        names = ", ".join(sorted(strange))
        raise WentThrough(f"installed tools that are called in another way: {names}")


async def permit_twice(trial: Trial) -> None:
    """A permit serves one call of one tool."""
    run = await trial.world.start()
    await trial.permitted(run, WRITE)
    permit = trial.permits[-1]
    tools = trial.world.tools
    with trial.untouched(), refused("a permit that was used", NotAPermit):
        await tools[WRITE](permit, Note())
    with trial.untouched(), refused("a permit of another tool", NotAPermit):
        await tools[READ](permit, Note())


async def intent(trial: Trial) -> None:
    """An effect whose intent cannot be recorded does not happen."""
    run = await trial.world.start()
    await _execute(trial, _UNRECORDABLE)
    try:
        with trial.untouched(), refused("an effect without a record", NotRecorded):
            await trial.act(run, WRITE)
    finally:
        await _execute(trial, _RECORDABLE)
    await trial.permitted(run, WRITE)


async def once(trial: Trial) -> None:
    """The same proposal again has no second effect."""
    run = await trial.world.start()
    await trial.permitted(run, WRITE, call="once")
    with trial.untouched():
        await trial.permitted(run, WRITE, call="once")


async def budget(trial: Trial) -> None:
    """An effect beyond the budget does not happen, even when the policy permits it."""
    run = await trial.world.start(limits=replace(PLENTY, effects=1))
    await trial.permitted(run, WRITE)
    await trial.denied(run, WRITE, code="budget_exceeded")


async def approval(trial: Trial) -> None:
    """What waits goes only after the verdict of another, entitled person on what was shown."""
    run = await trial.world.start()
    with trial.untouched():
        outcome = await trial.act(run, WAIT, call="approval")
    if not isinstance(outcome, Waiting):
        raise WentThrough(f"it should wait, it is {type(outcome).__name__}")
    waiting = await trial.world.approvals.read(outcome.approval_id)
    evidence = waiting.evidence_digest
    requester = Principal(
        id=AGENT.on_behalf_of or "",
        tenant=AGENT.tenant,
        roles=REVIEWER.roles,
    )
    unentitled = replace(REVIEWER, roles=("analyst",))
    with refused("a verdict of the requester", BadInput):
        await _approve(trial, outcome, requester, evidence)
    with refused("a verdict without the role", BadInput):
        await _approve(trial, outcome, unentitled, evidence)
    with refused("a verdict on other evidence", BadInput):
        await _approve(trial, outcome, REVIEWER, "0" * 64)
    with trial.untouched():
        await trial.act(run, WAIT, call="approval")
    await _approve(trial, outcome, REVIEWER, evidence)
    await trial.permitted(run, WAIT, call="approval")


async def kill(trial: Trial) -> None:
    """A kill switch stops an effect that the policy permits."""
    run = await trial.world.start()
    switches = KillSwitches(trial.world.store)
    await switches.engage("tool", WRITE, by="probe")
    try:
        await trial.denied(run, WRITE, code="killed")
    finally:
        await switches.release("tool", WRITE, by="probe")
    if not trial.pdp.asked[-1].context.kill_switches:
        raise WentThrough("the policy was not told of the switch")
    await trial.permitted(run, WRITE)


async def fence(trial: Trial) -> None:
    """A worker that lost its run does nothing more for it."""
    run = await trial.world.start()
    lost = replace(run, fence=run.fence - 1)
    with trial.untouched(), refused("a lost run", Fenced):
        await trial.act(lost, WRITE)


async def labels(trial: Trial) -> None:
    """A value that is not from the request is never trusted, and untrusted once a run has read."""
    run = await trial.world.start(request={"to": "ann"})
    await trial.permitted(run, WRITE, to="ann", text="eve")
    _told(trial, {"to": "trusted", "text": "unvouched"})
    await trial.permitted(run, READ)
    await trial.permitted(run, WRITE, to="ann", text="eve")
    _told(trial, {"to": "trusted", "text": "untrusted"})


async def failing(trial: Trial) -> None:
    """What a failing tool says is as untrusted as what it could have read, and no agent is told."""
    run = await trial.world.start(request={"to": "ann"})
    outcome = await trial.act(run, FAIL)
    if not isinstance(outcome, Failed):
        raise WentThrough(f"it should have failed, it is {type(outcome).__name__}")
    if WORDS in say(outcome):
        raise WentThrough("the agent was told the words of the tool")
    await trial.permitted(run, WRITE, to="ann", text="eve")
    _told(trial, {"to": "trusted", "text": "untrusted"})


async def offer(trial: Trial) -> None:
    """The policy is told who proposes, and which tools a planner was shown."""
    run = await trial.world.start()
    door = Door(pep=trial.world.pep, run=run)
    for number, (asked, told) in enumerate(
        [(door, ("steps", None)), (door.offering(READ), ("planner", (READ,)))]
    ):
        await asked.call(WRITE, {"text": ""}, call_id=f"offer-{number}")
        context = trial.pdp.asked[-1].context
        if (context.proposer, context.offered) != told:
            raise WentThrough(
                f"the policy was told {context.proposer} {context.offered}"
            )


def _told(trial: Trial, expected: dict[str, str]) -> None:
    stated = trial.pdp.asked[-1].context.labels
    integrity = {name: label.integrity for name, label in stated.items()}
    if integrity != expected:
        raise WentThrough(f"the policy was told {integrity}")


async def _execute(trial: Trial, statement: str) -> None:
    await trial.world.store.write(lambda tx: tx.connection.execute(text(statement)))


async def _approve(
    trial: Trial,
    waiting: Waiting,
    reviewer: Principal,
    shown: str,
) -> None:
    await trial.world.approvals.decide(
        waiting.approval_id,
        reviewer=reviewer,
        verdict="approved",
        shown=shown,
        note="probe",
    )


DOOR: Final = {
    "unknown tool": unknown_tool,
    "schema": schema,
    "drift": drift,
    "obligation": obligation,
    "person's act": persons_act,
    "permit by hand": permit_by_hand,
    "tool without permit": tool_without_permit,
    "permit twice": permit_twice,
    "intent": intent,
    "once": once,
    "budget": budget,
    "approval": approval,
    "kill switch": kill,
    "fence": fence,
    "labels": labels,
    "failing tool": failing,
    "offer": offer,
}
