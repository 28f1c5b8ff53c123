"""Runs: claimed by a fence, so that only one worker ever writes for one."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from interlock.runtime.errors import BadInput, Fenced, NotFound
from interlock.runtime.record.store import Tx
from interlock.runtime.run.claim import extend
from interlock.runtime.run.run import LEASE_S, NewRun, Run, Status, check
from interlock.runtime.testing import AGENT, PLENTY, FixedClock, World


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


def new_run(world: World) -> NewRun:
    """Return what starts a run of this world."""
    return NewRun(
        agent="test",
        principal=AGENT,
        request={},
        limits=PLENTY,
        autonomy=2,
        revision=world.pdp.revision,
        intent=None,
    )


async def test_a_new_claim_fences_the_old(world: World) -> None:
    """Each claim raises the fence; whoever holds an earlier one can neither write, beat nor end the
    run.
    """
    old = await world.start()
    new = await world.reclaim(old)

    assert (old.fence, new.fence) == (1, 2)
    for attempt in (
        world.store.write(writes(old)),
        world.store.write(lambda tx: extend(tx.connection, old, now=tx.now)),
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
    claim = asyncio.ensure_future(world.reclaim(run))
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
    for attempt in (world.runs.claim(run.id), world.runs.cancel(run.id, by="ana")):
        with pytest.raises(BadInput):
            await attempt
    with pytest.raises(Fenced):
        await world.store.write(writes(run))


async def test_a_live_claim_keeps_its_run_until_its_lease_is_over(
    world: World, clock: FixedClock
) -> None:
    """A live claim's run is not taken before its lease is over; a heartbeat extends the lease;
    afterwards the run is taken.
    """

    async def refused() -> str:
        with pytest.raises(BadInput) as raised:
            await world.runs.claim(run.id)
        return raised.value.code

    run = await world.start()
    assert await refused() == "claimed"
    clock.advance(LEASE_S - 1)
    await world.store.write(lambda tx: extend(tx.connection, run, now=tx.now))
    clock.advance(LEASE_S - 1)
    assert await refused() == "claimed"
    clock.advance(1)

    assert (await world.runs.claim(run.id)).fence == 2


@pytest.mark.parametrize("status", ["waiting", "held", "done"])
async def test_a_claim_whose_end_is_recorded_is_not_extended(
    world: World, status: Status
) -> None:
    """A heartbeat that comes too late keeps nobody from taking the run."""
    run = await world.start()
    await world.runs.end(run, status, {})
    with pytest.raises(Fenced):
        await world.store.write(lambda tx: extend(tx.connection, run, now=tx.now))


async def test_of_many_claims_at_once_one_counts(world: World) -> None:
    """However many claim an abandoned run at once, one claim is made and only it may write."""
    run = await world.start()
    world.runs.give_back(run)
    claims = await asyncio.gather(
        *(world.runs.claim(run.id) for _ in range(8)), return_exceptions=True
    )
    (fresh,) = (claim for claim in claims if isinstance(claim, Run))

    assert [claim.code for claim in claims if isinstance(claim, BadInput)] == [
        "claimed"
    ] * 7
    assert fresh.fence == 2
    await world.store.write(writes(fresh))
    with pytest.raises(Fenced):
        await world.store.write(writes(run))


async def test_a_fence_without_its_token_writes_nothing(world: World) -> None:
    """The right fence under another token, as after a database was restored, is refused."""
    run = await world.start()
    with pytest.raises(Fenced):
        await world.store.write(writes(replace(run, claim="0" * 32)))
    await world.store.write(writes(run))


async def test_a_run_may_wait_in_the_queue(world: World) -> None:
    """A run that is started without a claim is queued: nobody writes for it until it is claimed."""
    queued = await world.runs.start(new_run(world), claim=False)
    with pytest.raises(Fenced):
        await world.store.write(writes(queued))
    claimed = await world.runs.claim(queued.id)
    await world.store.write(writes(claimed))

    assert (queued.status, queued.claim) == ("queued", "")
    assert (claimed.status, claimed.fence) == ("running", 1)


async def test_a_queued_run_can_be_cancelled(world: World) -> None:
    """A queued run that was cancelled is never claimed."""
    queued = await world.runs.start(new_run(world), claim=False)
    await world.runs.cancel(queued.id, by="ana")
    with pytest.raises(BadInput) as refused:
        await world.runs.claim(queued.id)

    assert refused.value.code == "ended"
    assert (await world.runs.read(queued.id)).status == "cancelled"


async def test_an_unknown_run_is_not_found(world: World) -> None:
    """A run that is not there cannot be read, claimed or cancelled."""
    for attempt in (
        world.runs.read("run-x"),
        world.runs.claim("run-x"),
        world.runs.cancel("run-x", by="ana"),
    ):
        with pytest.raises(NotFound):
            await attempt
