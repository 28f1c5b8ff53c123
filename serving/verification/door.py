"""The guards around the door, each tried once: what must not happen is proposed, and has to be refused."""

from dataclasses import replace
from typing import Final

from sqlalchemy import text

from interlock.runtime.door.outcome import Waiting
from interlock.runtime.door.tool import Tool
from interlock.runtime.errors import BadInput, Fenced, NotAPermit, NotRecorded
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Principal
from interlock.runtime.run import kill_switch
from interlock.runtime.testing import AGENT, PLENTY, REVIEWER
from interlock.serving.verification.trial import (
    READ,
    STRANGE,
    WAIT,
    WRITE,
    Note,
    Trial,
    WentThrough,
    refused,
)

_UNRECORDABLE: Final = (
    "CREATE TRIGGER probe BEFORE INSERT ON ledger_entry BEGIN SELECT RAISE(ABORT, 'probe'); END"
)
_RECORDABLE: Final = "DROP TRIGGER probe"


async def unknown_tool(trial: Trial) -> None:
    """A tool that is not there is denied, whatever the policy says."""
    await trial.denied(await trial.world.start(), "probe.nowhere", code="not_callable")


async def schema(trial: Trial) -> None:
    """Arguments that do not fit the tool's schema reach no tool, and the policy is told."""
    await trial.denied(await trial.world.start(), WRITE, code="not_callable", text=7, force=True)
    if trial.pdp.asked[-1].context.schema_valid:
        raise WentThrough("the policy was told that the arguments fit")


async def obligation(trial: Trial) -> None:
    """A permit with a duty that nobody can discharge is a deny."""
    await trial.denied(await trial.world.start(), STRANGE, code="obligation_unknown")


async def permit_by_hand(trial: Trial) -> None:
    """Nobody but the enforcement point makes a permit."""
    with refused("a permit made by hand", TypeError):
        Permit(object(), tool=WRITE, digest="", action_id="", run_id="", claim="")  # type: ignore[arg-type]  # on purpose not a mint


async def tool_without_permit(trial: Trial) -> None:
    """A tool called without a permit does nothing, and every installed tool is one that asks for it."""
    with trial.untouched(), refused("a call without a permit", TypeError):
        await trial.world.tools[WRITE](None, Note())  # type: ignore[arg-type]  # on purpose no permit
    strange = sorted(name for name, each in trial.home.pep.tools.items() if type(each) is not Tool)
    if strange:
        raise WentThrough(f"installed tools that are called in another way: {', '.join(strange)}")


async def permit_twice(trial: Trial) -> None:
    """A permit serves one call of one tool."""
    await trial.permitted(await trial.world.start(), WRITE)
    permit = trial.permits[-1]
    with trial.untouched(), refused("a permit that was used", NotAPermit):
        await trial.world.tools[WRITE](permit, Note())
    with trial.untouched(), refused("a permit of another tool", NotAPermit):
        await trial.world.tools[READ](permit, Note())


async def intent(trial: Trial) -> None:
    """An effect whose intent cannot be recorded does not happen."""
    run = await trial.world.start()
    await trial.world.store.write(lambda tx: tx.connection.execute(text(_UNRECORDABLE)))
    try:
        with trial.untouched(), refused("an effect without a record", NotRecorded):
            await trial.act(run, WRITE)
    finally:
        await trial.world.store.write(lambda tx: tx.connection.execute(text(_RECORDABLE)))
    await trial.permitted(run, WRITE)


async def once(trial: Trial) -> None:
    """The same proposal again has no second effect."""
    run = await trial.world.start()
    await trial.permitted(run, WRITE, call="once")
    with trial.untouched():
        await trial.permitted(run, WRITE, call="once")


async def budget(trial: Trial) -> None:
    """An effect that does not fit into the budget does not happen, even when the policy permits it."""
    run = await trial.world.start(limits=replace(PLENTY, effects=1))
    await trial.permitted(run, WRITE)
    await trial.denied(run, WRITE, code="budget_exceeded")


async def approval(trial: Trial) -> None:
    """What waits for a person goes only after the verdict of another, entitled one on what was shown."""
    run = await trial.world.start()
    with trial.untouched():
        outcome = await trial.act(run, WAIT, call="approval")
    if not isinstance(outcome, Waiting):
        raise WentThrough(f"it should wait, it is {type(outcome).__name__}")
    approvals, number = trial.world.approvals, outcome.approval_id
    shown = (await approvals.read(number)).evidence_digest
    requester = Principal(id=AGENT.on_behalf_of or "", tenant=AGENT.tenant, roles=("reviewer",))
    for who, what in (
        (requester, shown),
        (replace(REVIEWER, roles=("analyst",)), shown),
        (REVIEWER, "0" * 64),
    ):
        with refused(f"a verdict of {who.id} as {who.roles[0]} on {what[:4]}", BadInput):
            await approvals.decide(
                number, reviewer=who, verdict="approved", shown=what, note="probe"
            )
    with trial.untouched():
        await trial.act(run, WAIT, call="approval")
    await approvals.decide(number, reviewer=REVIEWER, verdict="approved", shown=shown, note="probe")
    await trial.permitted(run, WAIT, call="approval")


async def kill(trial: Trial) -> None:
    """A kill switch stops an effect that the policy permits."""
    run, store = await trial.world.start(), trial.world.store
    await kill_switch.engage(store, scope="tool", id=WRITE, by="probe")
    try:
        await trial.denied(run, WRITE, code="killed")
    finally:
        await kill_switch.release(store, scope="tool", id=WRITE, by="probe")
    if not trial.pdp.asked[-1].context.kill_switches:
        raise WentThrough("the policy was not told of the switch")
    await trial.permitted(run, WRITE)


async def fence(trial: Trial) -> None:
    """A worker that lost its run does nothing more for it."""
    run = await trial.world.start()
    with trial.untouched(), refused("a lost run", Fenced):
        await trial.act(replace(run, fence=run.fence - 1), WRITE)


async def labels(trial: Trial) -> None:
    """After a run has read something, a value that is not from its request counts as untrusted."""
    run = await trial.world.start(request={"to": "ann"})
    await trial.permitted(run, READ)
    await trial.permitted(run, WRITE, to="ann", text="eve")
    found = {name: label.integrity for name, label in trial.pdp.asked[-1].context.labels.items()}
    if found != {"to": "trusted", "text": "untrusted"}:
        raise WentThrough(f"the policy was told {found}")


DOOR: Final = {
    "unknown tool": unknown_tool,
    "schema": schema,
    "obligation": obligation,
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
}
