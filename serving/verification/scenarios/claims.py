"""What claims stop: two workers on one run, a late word, and a run under other means."""

import asyncio
from dataclasses import replace
from typing import Final

from langgraph.checkpoint.base import empty_checkpoint
from sqlalchemy import insert, select

from interlock.runtime.errors import (
    AnotherHome,
    AnotherPolicy,
    BadInput,
    Fenced,
    Tampered,
)
from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.record.store import tables
from interlock.runtime.run.run import Run
from interlock.runtime.testing import REVIEWER, TOOLBOX
from interlock.serving.models.entry import ModelEntry
from interlock.serving.pins import pinned
from interlock.serving.verification.probe_tools import SLOW, WRITE
from interlock.serving.verification.trial import NOTE, Trial, WentThrough, refused


async def second_claim(trial: Trial) -> None:
    """Stops a second worker from taking a run that a live one works on."""
    run = await trial.start()
    with refused("a second claim", BadInput, code="claimed"):
        await trial.world.runs.claim(run.id)


async def lost_claim(trial: Trial) -> None:
    """Stops a worker that lost its run from doing anything more for the run."""
    lost = await trial.start()
    run = await trial.world.reclaim(lost)
    with trial.untouched(), refused("an effect of a lost run", Fenced):
        await trial.act(lost, WRITE)
    await trial.permitted(run, WRITE)


async def forged_fence(trial: Trial) -> None:
    """Stops a worker that has the number of a claim and not its token."""
    run = await trial.start()
    forged = replace(run, claim="0" * len(run.claim))
    with trial.untouched(), refused("a claim without its token", Fenced):
        await trial.act(forged, WRITE)


async def stale_checkpoint(trial: Trial) -> None:
    """Stops a worker that lost its run from writing the state of the run's graph."""
    lost = await trial.start()
    await trial.world.reclaim(lost)
    saver = _saver(trial, lost)
    with refused("a checkpoint of a lost run", Fenced):
        await saver.aput(
            {"configurable": {"thread_id": lost.id, "checkpoint_ns": ""}},
            empty_checkpoint(),
            {},
            {},
        )


async def crafted_checkpoint(trial: Trial) -> None:
    """Stops a checkpoint that its run did not seal before a byte of it is decoded."""
    run = await trial.start()
    row = {
        "thread_id": run.id,
        "ns": "",
        "checkpoint_id": "probe",
        "tenant": run.tenant,
        "fence": run.fence,
        "parent_id": "",
        "sealed": b"msgpack\nprobe",
        "metadata": b"msgpack\nprobe",
    }
    await trial.sql(insert(tables.checkpoint).values(row))
    with refused("a crafted checkpoint", Tampered):
        await _saver(trial, run).aget_tuple({"configurable": {"thread_id": run.id}})


async def early_settlement(trial: Trial) -> None:
    """Stops a person from settling an effect while its worker may still act."""
    run, acting = await _under_way(trial)
    try:
        with refused("a settlement", BadInput, code="may_still_act"):
            await _settle(trial, run)
    finally:
        await _ended(trial, acting)


async def late_outcome(trial: Trial) -> None:
    """Stops what a worker reports after it lost its run from being lost, or told as done."""
    run, acting = await _under_way(trial)
    with refused("a late outcome", Fenced):
        await _ended(trial, acting, raising=True)
    late = select(tables.action.c.late).where(tables.action.c.run_id == run.id)
    (row,) = await trial.rows(late)
    if row["late"] != "done":
        raise WentThrough("nobody is shown what the worker reported")
    await _settle(trial, run)


async def unpaid_uncertainty(trial: Trial) -> None:
    """Stops an effect whose outcome nobody knows from giving its budget back."""
    run, acting = await _under_way(trial)
    await _ended(trial, acting)
    await _settle(trial, run)
    spent = (await trial.world.budget(run)).spent
    if not spent.effects:
        raise WentThrough("the effect was given back")


async def other_policy(trial: Trial) -> None:
    """Stops a run from going on under another policy than the one it was started under."""
    run = await trial.start(revision="f" * 64)
    with trial.untouched(), refused("another policy", AnotherPolicy):
        await trial.act(run, WRITE)


async def other_means(trial: Trial) -> None:
    """Stops a run from going on where planner, transport or sender are others than at its start."""
    here = await trial.world.runtime.pins(TOOLBOX)
    run = await trial.start(pins={**here.others, "transport": "probe"})
    trial.world.runs.give_back(run)
    with refused("a run of another transport", AnotherHome, code="another_transport"):
        await trial.world.runtime.resume(run.id)


async def unnamed_means(trial: Trial) -> None:
    """Stops a change of planner, transport or sender in the settings from going unseen."""
    settings = trial.home.settings
    model = ModelEntry.model_validate(
        {"url": "https://probe.invalid/v1", "name": "probe"}
    )
    others = {
        "transport": settings.model_copy(update={"smtp": "probe.invalid:25"}),
        "sender": settings.model_copy(update={"sender": "probe@probe.invalid"}),
        "planner": settings.model_copy(update={"model": model}),
    }
    playbooks = trial.home.playbooks
    before = pinned(settings, playbooks, finder="", planner=None)
    for name, changed in others.items():
        after = pinned(changed, playbooks, finder="", planner=None)
        if after[name] == before[name]:
            raise WentThrough(f"another {name} is pinned as the same")


def _saver(trial: Trial, run: Run) -> Checkpoints:
    key = trial.world.vault.known(run.id)
    return Checkpoints(store=trial.world.store, key=key, run=run)


async def _under_way(trial: Trial) -> tuple[Run, "asyncio.Task[object]"]:
    """Return a cancelled run, and its effect that is under way."""
    run = await trial.start()
    trial.calls.entered.clear()
    trial.calls.gate.clear()
    acting: asyncio.Task[object] = asyncio.create_task(trial.act(run, SLOW))
    await trial.calls.entered.wait()
    await trial.world.runs.cancel(run.id, by="probe")
    return run, acting


async def _ended(
    trial: Trial, acting: "asyncio.Task[object]", *, raising: bool = False
) -> None:
    trial.calls.gate.set()
    outcomes = await asyncio.gather(acting, return_exceptions=True)
    for outcome in outcomes:
        if raising and isinstance(outcome, Exception):
            raise outcome


async def _settle(trial: Trial, run: Run) -> None:
    query = select(tables.action.c.id).where(tables.action.c.run_id == run.id)
    (row,) = await trial.rows(query)
    await trial.world.runs.resolve(
        run.id,
        row["id"],
        person=REVIEWER,
        happened=False,
        note=NOTE,
    )


CLAIMS: Final = {
    "second-claim": second_claim,
    "lost-claim": lost_claim,
    "forged-fence": forged_fence,
    "stale-checkpoint": stale_checkpoint,
    "crafted-checkpoint": crafted_checkpoint,
    "early-settlement": early_settlement,
    "late-outcome": late_outcome,
    "unpaid-uncertainty": unpaid_uncertainty,
    "other-policy": other_policy,
    "other-means": other_means,
    "unnamed-means": unnamed_means,
}
