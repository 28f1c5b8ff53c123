"""What the record stops: rows that somebody changed from bringing anything about."""

from typing import Final

from sqlalchemy import delete, insert, select, text, update

from interlock.runtime.errors import (
    LogBroken,
    NotAsRecorded,
    SchemaChanged,
    Tampered,
)
from interlock.runtime.record.store import tables
from interlock.runtime.testing import REVIEWER
from interlock.serving.verification.probe_tools import WAIT, WRITE
from interlock.serving.verification.trial import Trial, refused

_ACTIONS: Final = tables.action.c
_APPROVALS: Final = tables.approval.c
_STEPS: Final = tables.approval_step.c
_ENTRIES: Final = tables.ledger_entry.c


async def second_intent(trial: Trial) -> None:
    """Stops an approved effect from happening again when its rows are put back."""
    run = await trial.start()
    await trial.approve(await trial.asked(run, call="again"), REVIEWER)
    await trial.permitted(run, WAIT, call="again")
    await trial.sql(
        update(tables.action)
        .where(_ACTIONS.run_id == run.id)
        .values(state="waiting", result=None),
        update(tables.approval)
        .where(_APPROVALS.run_id == run.id)
        .values(state="approved"),
    )
    with trial.untouched(), refused("a second effect", Tampered, code="second_intent"):
        await trial.act(run, WAIT, call="again")


async def turned_back_approval(trial: Trial) -> None:
    """Stops a used verdict that is turned back from serving another action."""
    run = await trial.start()
    first = await trial.asked(
        run,
        call="first",
        text="probe",
    )
    await trial.approve(first, REVIEWER)
    await trial.permitted(
        run,
        WAIT,
        call="first",
        text="probe",
    )
    second = await trial.asked(
        run,
        call="second",
        text="probe",
    )
    await trial.sql(
        delete(tables.approval).where(_APPROVALS.id == second.approval_id),
        update(tables.approval)
        .where(_APPROVALS.id == first.approval_id)
        .values(action_id=second.action_id, state="approved"),
        update(tables.approval_step)
        .where(_STEPS.approval == first.approval_id)
        .values(action_id=second.action_id),
    )
    with trial.untouched(), refused("a verdict that was used", Tampered):
        await trial.act(
            run,
            WAIT,
            call="second",
            text="probe",
        )


async def forged_verdict(trial: Trial) -> None:
    """Stops a verdict that no person gave and somebody wrote into a row."""
    run = await trial.start()
    first = await trial.asked(run, call="decided")
    await trial.approve(first, REVIEWER)
    forged = await trial.asked(run, call="forged")
    verdict = select(tables.approval_step)
    (row,) = await trial.rows(verdict.where(_STEPS.approval == first.approval_id))
    here = update(tables.approval).where(_APPROVALS.id == forged.approval_id)
    moved = {"approval": forged.approval_id, "action_id": forged.action_id}
    await trial.sql(
        here.values(state="approved"),
        insert(tables.approval_step).values({**row, **moved}),
    )
    with trial.untouched(), refused("a verdict that nobody gave", Tampered):
        await trial.act(run, WAIT, call="forged")


async def changed_row(trial: Trial) -> None:
    """Stops an effect that rests on a row that somebody changed, such as a limit."""
    run = await trial.start()
    limit = update(tables.budget).where(tables.budget.c.id == run.budget_id)
    await trial.sql(limit.values(limit_effects=2**40))
    with trial.untouched(), refused("an effect", NotAsRecorded, code="changed_value"):
        await trial.act(run, WRITE)


async def ended_run(trial: Trial) -> None:
    """Stops a run that has ended from going on when its row says otherwise."""
    run = await trial.start()
    await trial.world.runs.end(run, "done", {})
    ended = update(tables.run).where(tables.run.c.id == run.id)
    await trial.sql(ended.values(status="waiting"))
    with refused("a claim of an ended run", NotAsRecorded, code="wrong_state"):
        await trial.world.reclaim(run)


async def cut_entry(trial: Trial) -> None:
    """Stops a run from going on when an entry of it was taken away or changed."""
    run = await trial.start()
    await trial.permitted(run, WRITE)
    entry = (
        select(_ENTRIES.seq)
        .where(_ENTRIES.run_id == run.id, _ENTRIES.event == "intent")
        .scalar_subquery()
    )
    here = (_ENTRIES.log == run.tenant) & (_ENTRIES.seq == entry)
    (row,) = await trial.rows(select(_ENTRIES.body).where(here))
    await trial.sql(update(tables.ledger_entry).where(here).values(body=b"{}"))
    try:
        with refused("a run whose entry was changed", LogBroken):
            await trial.world.reclaim(run)
    finally:
        await trial.sql(
            update(tables.ledger_entry).where(here).values(body=row["body"])
        )


async def foreign_object(trial: Trial) -> None:
    """Stops claims on a database that holds what no migration made, and what acts by itself."""
    run = await trial.start()
    await trial.sql(text("CREATE VIEW probe AS SELECT 1 AS one"))
    try:
        with refused("a claim", SchemaChanged):
            await trial.world.reclaim(run)
    finally:
        await trial.sql(text("DROP VIEW probe"))
    await trial.world.reclaim(run)


ROWS: Final = {
    "second-intent": second_intent,
    "turned-back-approval": turned_back_approval,
    "forged-verdict": forged_verdict,
    "changed-row": changed_row,
    "ended-run": ended_run,
    "cut-entry": cut_entry,
    "foreign-object": foreign_object,
}
