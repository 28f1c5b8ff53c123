"""Runs: claimed by a fence, so that only one worker ever writes for one."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from interlock.runtime.errors import BadInput, Fenced, NotFound
from interlock.runtime.record.store import Tx
from interlock.runtime.run.cancellation import cancel
from interlock.runtime.run.run import LEASE_S, Run, check
from interlock.runtime.testing import FixedClock, World


@pytest.fixture
def clock() -> FixedClock:
    """The world's clock."""
    return FixedClock()


@pytest.fixture
async def world(tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A world without tools whose ledger must verify at the end."""
    async with World(tmp_path, clock=clock) as made:
        yield made
        assert (await made.verify()).problems == []


def writes(run: Run) -> Callable[[Tx], None]:
    """Return work that writes for a claim of a run."""
    return lambda tx: check(tx, run)


async def test_a_new_claim_fences_the_old(world: World) -> None:
    """Each claim raises the fence; whoever holds an earlier one can neither write, beat nor end the
    run.
    """
    old = await world.start()
    new = await world.runs.claim(old.id)

    assert (old.fence, new.fence) == (1, 2)
    for attempt in (
        world.store.write(writes(old)),
        world.runs.beat(old),
        world.runs.end(old, "done", {}),
    ):
        with pytest.raises(Fenced):
            await attempt
    await world.store.write(writes(new))


async def test_a_fence_moves_within_one_transaction(world: World) -> None:
    """Also inside one group commit: what an old claim writes after the new one is refused."""
    run, entered, go = await world.start(), threading.Event(), threading.Event()

    def hold(_: Tx) -> None:
        entered.set()
        assert go.wait(10)

    held = world.store.submit(hold, "eager")
    assert entered.wait(10)
    before = world.store.submit(writes(run), "eager")
    claim = asyncio.ensure_future(world.runs.claim(run.id))
    await asyncio.sleep(0)
    after = world.store.submit(writes(run), "eager")
    go.set()

    await asyncio.wrap_future(held)
    await asyncio.wrap_future(before)
    assert (await claim).fence == 2
    with pytest.raises(Fenced):
        await asyncio.wrap_future(after)


@pytest.mark.parametrize("ended", ["done", "failed"])
async def test_an_ended_run_is_not_claimed(world: World, ended: str) -> None:
    """A run that is over cannot be claimed, cancelled or written for."""
    run = await world.start()
    await world.runs.end(run, ended, {})  # type: ignore[arg-type]  # on purpose not what the types say
    for attempt in (world.runs.claim(run.id), cancel(world.store, world.vault, run.id, by="ana")):
        with pytest.raises(BadInput):
            await attempt
    with pytest.raises(Fenced):
        await world.store.write(writes(run))


async def test_a_live_worker_keeps_its_run_until_its_lease_is_over(
    world: World, clock: FixedClock
) -> None:
    """Another worker's run is not taken before its lease is over; a heartbeat extends it;
    afterwards it is.
    """
    run = await world.start()
    world.runs.owner = "elsewhere:1"
    with pytest.raises(BadInput, match="holds it"):
        await world.runs.claim(run.id)
    clock.advance(LEASE_S - 1)
    await world.runs.beat(run)
    clock.advance(LEASE_S - 1)
    with pytest.raises(BadInput, match="holds it"):
        await world.runs.claim(run.id)
    clock.advance(1)

    assert (await world.runs.claim(run.id)).fence == 2


async def test_of_many_claims_at_once_the_last_one_counts(world: World) -> None:
    """However many claim at once, each fence is given once and only the highest may write."""
    run = await world.start()
    claims = await asyncio.gather(*(world.runs.claim(run.id) for _ in range(8)))

    assert sorted(each.fence for each in claims) == list(range(2, 10))
    for each in claims:
        if each.fence == 9:
            await world.store.write(writes(each))
        else:
            with pytest.raises(Fenced):
                await world.store.write(writes(each))


async def test_an_unknown_run_is_not_found(world: World) -> None:
    """A run that is not there cannot be read, claimed or cancelled."""
    for attempt in (
        world.runs.read("run-x"),
        world.runs.claim("run-x"),
        cancel(world.store, world.vault, "run-x", by="ana"),
    ):
        with pytest.raises(NotFound):
            await attempt
