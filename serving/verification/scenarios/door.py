"""What the door stops: calls that nobody may make, and effects without a record or twice."""

import asyncio
from typing import Final

from sqlalchemy import delete, insert

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done, Unknown
from interlock.runtime.door.tool import Tool, schema_digest
from interlock.runtime.errors import GuardFailed, NotAPermit
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import FACTS
from interlock.runtime.record.store import tables
from interlock.serving.verification.probe_tools import READ, SLOW, STRANGE, WRITE, Note
from interlock.serving.verification.trial import Trial, WentThrough, refused, said

_ENTRIES: Final = tables.ledger_entry.c


async def unknown_tool(trial: Trial) -> None:
    """Stops a call of a tool that is not there, whatever the policy says."""
    run = await trial.start()
    await trial.denied(run, "probe.nowhere", code="not_callable")


async def foreign_tool(trial: Trial) -> None:
    """Stops an agent that calls a tool of another agent."""
    run = await trial.start(agent="probe-stranger")
    await trial.denied(run, WRITE, code="not_callable")


async def unfit_arguments(trial: Trial) -> None:
    """Stops arguments that do not fit the tool's schema, and tells the policy."""
    run = await trial.start()
    await trial.denied(
        run,
        WRITE,
        code="not_callable",
        text=7,
        force=True,
    )
    if trial.pdp.asked[-1].context.schema_valid:
        raise WentThrough("the policy was told that the arguments fit")


async def drifted_schema(trial: Trial) -> None:
    """Stops a tool whose code has changed from passing as the reviewed one."""
    run = await trial.start()
    await trial.permitted(run, WRITE)
    context = trial.pdp.asked[-1].context
    schema = schema_digest(trial.world.tools[WRITE])
    if context.tool_schema != schema:
        raise WentThrough(f"the policy was told the schema {context.tool_schema}")
    if context.version != FACTS:
        raise WentThrough(f"the policy was told facts of version {context.version}")


async def unknown_duty(trial: Trial) -> None:
    """Stops a permit with a duty that nobody can discharge."""
    run = await trial.start()
    await trial.denied(run, STRANGE, code="obligation_unknown")


async def forged_permit(trial: Trial) -> None:
    """Stops everybody but the enforcement point from making a permit."""
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


async def missing_permit(trial: Trial) -> None:
    """Stops a tool that is called without a permit; every installed tool asks for one."""
    write = trial.world.tools[WRITE]
    with trial.untouched(), refused("a call without a permit", TypeError):
        await write(None, Note())  # type: ignore[arg-type]  # on purpose no permit
    tools = trial.home.pep.tools
    strange = [name for name, tool in tools.items() if type(tool) is not Tool]
    if strange:
        names = ", ".join(sorted(strange))
        raise WentThrough(f"installed tools that are called in another way: {names}")


async def used_permit(trial: Trial) -> None:
    """Stops a second call under one permit, and a call of another tool."""
    run = await trial.start()
    await trial.permitted(run, WRITE)
    permit = trial.calls.permits[-1]
    tools = trial.world.tools
    with trial.untouched(), refused("a permit that was used", NotAPermit):
        await tools[WRITE](permit, Note())
    with trial.untouched(), refused("a permit of another tool", NotAPermit):
        await tools[READ](permit, Note())


async def unrecorded_effect(trial: Trial) -> None:
    """Stops an effect whose intent cannot be recorded."""
    run = await trial.start()
    head = await trial.world.ledger.head(run.tenant)
    # Where the intent's entry would stand, another stands already.
    entry = {
        "log": run.tenant,
        "seq": head.size,
        "run_id": "",
        "event": "probe",
        "body": b"",
        "leaf": b"",
    }
    await trial.sql(insert(tables.ledger_entry).values(entry))
    try:
        with trial.untouched(), refused("an effect without a record", GuardFailed):
            await trial.act(run, WRITE)
    finally:
        await trial.sql(delete(tables.ledger_entry).where(_ENTRIES.event == "probe"))
    await trial.permitted(run, WRITE)


async def repeated_proposal(trial: Trial) -> None:
    """Stops a second effect of one proposal."""
    run = await trial.start()
    await trial.permitted(run, WRITE, call="once")
    with trial.untouched():
        await trial.permitted(run, WRITE, call="once")


async def interrupted_effect(trial: Trial) -> None:
    """Stops an effect that was interrupted from being tried again by itself."""
    run = await trial.start()
    trial.calls.entered.clear()
    trial.calls.gate.clear()
    acting = asyncio.create_task(trial.act(run, SLOW, call="slow"))
    await trial.calls.entered.wait()
    acting.cancel()
    await asyncio.gather(acting, return_exceptions=True)
    again = await trial.world.reclaim(run)
    trial.calls.gate.set()
    with trial.untouched():
        outcome = await trial.act(again, SLOW, call="slow")
    if not isinstance(outcome, Unknown):
        raise WentThrough(f"it should be unknown, it is {said(outcome)}")


async def unseen_offer(trial: Trial) -> None:
    """Stops a planner from passing for the workflow's own steps, whatever it was shown."""
    run = await trial.start()
    door = Door(pep=trial.world.pep, run=run)
    offers = [(door, ("steps", None)), (door.offering(READ), ("planner", (READ,)))]
    for number, (asked, told) in enumerate(offers):
        outcome = await asked.call(WRITE, {"text": ""}, call_id=f"offer-{number}")
        context = trial.pdp.asked[-1].context
        if (context.proposer, context.offered) != told:
            raise WentThrough(
                f"the policy was told {context.proposer} {context.offered}"
            )
        if not isinstance(outcome, Done):
            raise WentThrough(f"it should be done, it is {said(outcome)}")


DOOR: Final = {
    "unknown-tool": unknown_tool,
    "foreign-tool": foreign_tool,
    "unfit-arguments": unfit_arguments,
    "drifted-schema": drifted_schema,
    "unknown-duty": unknown_duty,
    "forged-permit": forged_permit,
    "missing-permit": missing_permit,
    "used-permit": used_permit,
    "unrecorded-effect": unrecorded_effect,
    "repeated-proposal": repeated_proposal,
    "interrupted-effect": interrupted_effect,
    "unseen-offer": unseen_offer,
}
