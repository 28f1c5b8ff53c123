"""The queue: workers claim what is ready, in order, in fair shares, once, and not for ever."""

import asyncio
import heapq
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Final

import pytest
from sqlalchemy import Update, update

from interlock.runtime.errors import BadInput, Fenced
from interlock.runtime.record import audit
from interlock.runtime.record.store import Store, tables
from interlock.runtime.run.claim import extend
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.limit import raise_limit
from interlock.runtime.run.pin import Pins, digest_of
from interlock.runtime.run.queue import Queue
from interlock.runtime.run.run import LEASE_S, NewRun, Run, Status, hold
from interlock.runtime.run.share import FairShares, Share
from interlock.runtime.run.turn import back_off
from interlock.runtime.testing import AGENT, PLENTY, TOOLBOX, FixedClock, World

PINNED: Final = digest_of(TOOLBOX, revision="0" * 64, others={})


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> FixedClock:
    """The clock that the test moves, on either database: PostgreSQL's own goes by itself."""
    clock = FixedClock()
    monkeypatch.setattr(Store, "now", lambda _store, _connection: int(clock()))
    return clock


class Shop(World):
    """A world with a queue."""

    def __init__(self, folder: Path, url: str | None) -> None:
        super().__init__(folder / "home", url=url)

    async def queued(
        self, *, tenant: str = "default", priority: int = 0, not_before: int = 0
    ) -> str:
        """Start a run for workers, and return its id."""
        new = NewRun(
            agent=TOOLBOX,
            principal=replace(AGENT, tenant=tenant),
            request={},
            limits=PLENTY,
            autonomy=2,
            revision=self.pdp.revision,
            intent=None,
            priority=priority,
            not_before=not_before,
        )
        return (await self.runs.start(new, claim=False)).id

    def worker(
        self,
        shares: Mapping[str, Share] | None = None,
        *,
        attempts: int = 5,
        clock: Callable[[], float] = monotonic,
    ) -> Queue:
        """Return the queue as a new worker sees it."""
        return Queue(
            store=self.store,
            vault=self.vault,
            by="worker:test",
            shares=shares or {},
            attempts=attempts,
            clock=clock,
        )

    async def claim(self, worker: Queue | None = None, most: int = 1) -> list[Run]:
        """Let a worker claim."""
        one = worker or self.worker()
        return (await one.claim({PINNED}, most=most)).runs

    async def end(
        self, run: Run, status: Status, waiting: Collection[str] = ()
    ) -> None:
        """Let the claim end."""
        await self.runs.end(run, status, {}, waiting=tuple(waiting))
        self.runs.give_back(run)

    async def status(self, run_id: str) -> Status:
        """Return the status of a run."""
        return (await self.runs.read(run_id)).status


def ids(runs: Collection[Run]) -> list[str]:
    """Return the ids of *runs*."""
    return [run.id for run in runs]


async def test_the_higher_priority_goes_first_then_the_longest_ready(
    tmp_path: Path, database_url: str, time: FixedClock
) -> None:
    """Workers claim by priority, then by not-before or age; what is not ready waits its time."""
    async with Shop(tmp_path, database_url) as shop:
        now = int(time())
        later = await shop.queued(priority=9, not_before=now + 20)
        old = await shop.queued()
        time.advance(1)
        young = await shop.queued()
        urgent = await shop.queued(priority=5)

        assert ids(await shop.claim(most=9)) == [urgent, old, young]
        time.advance(18)
        assert await shop.claim() == []
        time.advance(1)
        assert ids(await shop.claim()) == [later]
        assert (await shop.verify()).problems == []


async def test_a_point_of_priority_is_worth_a_minute_of_waiting(
    tmp_path: Path, time: FixedClock
) -> None:
    """Higher priorities go before a run that is not much older, and never starve it."""
    async with Shop(tmp_path, None) as shop:
        patient = await shop.queued(priority=-1)
        time.advance(119)
        before = await shop.queued(priority=1)
        time.advance(2)
        after = await shop.queued(priority=1)

        claimed = [ids(await shop.claim())[0] for _ in range(3)]
        assert claimed == [before, patient, after]


@pytest.mark.parametrize("is_refused", [False, True])
async def test_no_run_goes_before_its_turn_behind_an_older_one(
    tmp_path: Path, time: FixedClock, is_refused: bool
) -> None:
    """Of many places none goes to a young run because an old one of the same priority is due, be
    the old one claimed or refused.
    """
    async with Shop(tmp_path, None) as shop:
        old = await shop.queued()
        time.advance(120)
        young = await shop.queued()
        urgent = await shop.queued(priority=1)
        if is_refused:
            await shop.store.write(
                lambda tx: tx.connection.execute(
                    update(tables.run)
                    .where(tables.run.c.id == old)
                    .values(principal=b"")
                ),
                logs=(),
            )
        worker = shop.worker()
        claimed = [
            run_id for _ in range(2) for run_id in ids(await shop.claim(worker, 2))
        ]
        assert claimed == [*(() if is_refused else (old,)), urgent, young]


async def test_a_claim_takes_only_what_it_can_carry_on(
    tmp_path: Path, database_url: str
) -> None:
    """A run that is pinned otherwise is left alone, and is claimed when it is pinned anew."""
    async with Shop(tmp_path, database_url) as shop:
        run_id = await shop.queued()
        other = {"planner": "another"}
        pinned = digest_of(TOOLBOX, revision=shop.pdp.revision, others=other)

        assert (await shop.worker().claim({pinned}, most=1)).runs == []
        await shop.runs.repin(
            run_id, pins=Pins(revision=shop.pdp.revision, others=other), by="ana"
        )
        assert await shop.claim() == []
        assert ids((await shop.worker().claim({pinned}, most=1)).runs) == [run_id]


async def test_a_run_that_was_moved_to_other_pins_is_not_carried_on(
    tmp_path: Path,
) -> None:
    """The pins that were sealed with the run count: a column that says otherwise is named."""
    async with Shop(tmp_path, None) as shop:
        run_id = await shop.queued()
        moved = update(tables.run).values(pinned="0" * 16)
        await shop.store.write(lambda tx: tx.connection.execute(moved))
        claimed = await shop.worker().claim({"0" * 16}, most=1)

        assert claimed.runs == []
        assert [*claimed.refused] == [run_id]
        assert await shop.status(run_id) == "queued"


async def test_of_two_workers_one_wins(tmp_path: Path, database_url: str) -> None:
    """Two processes claim ten runs at once: each run is claimed once."""
    async with (
        Shop(tmp_path, database_url) as shop,
        Shop(tmp_path, database_url) as other,
    ):
        queued = {await shop.queued() for _ in range(10)}
        taken = await asyncio.gather(*(one.claim(most=3) for one in (shop, other) * 3))
        claimed = [run.id for runs in taken for run in runs]

        assert sorted(claimed) == sorted(queued)


async def test_a_tenant_has_no_more_runs_at_work_than_its_concurrency(
    tmp_path: Path, database_url: str
) -> None:
    """The cap holds over all workers, and a place that gets free is given again."""
    shares = {"default": Share(concurrency=2)}
    async with Shop(tmp_path, database_url) as shop:
        for _ in range(4):
            await shop.queued()
        first = await shop.claim(shop.worker(shares), most=1)
        second = await shop.claim(shop.worker(shares), most=3)

        assert (len(first), len(second)) == (1, 1)
        await shop.end(first[0], "done")
        assert len(await shop.claim(shop.worker(shares), most=3)) == 1


async def test_the_cap_is_checked_again_where_the_claim_is_made(
    tmp_path: Path, database_url: str
) -> None:
    """Many workers that look at once do not get past the cap together."""
    shares = {"default": Share(concurrency=3)}
    async with Shop(tmp_path, database_url) as shop:
        for _ in range(12):
            await shop.queued()
        workers = [shop.worker(shares) for _ in range(4)]
        taken = await asyncio.gather(*(shop.claim(one, most=3) for one in workers))

        assert sum(map(len, taken)) == 3


@pytest.mark.parametrize(("workers", "places"), [(1, 1), (1, 4), (2, 1), (3, 2)])
def test_weights_share_the_time_of_all_workers(workers: int, places: int) -> None:
    """A tenant of three times the weight has three times the place-seconds, within 5 %, although
    its runs are shorter.
    """
    lasting = {"a": 3.0, "b": 1.0}
    crew = [
        FairShares(shares={"a": Share(weight=1), "b": Share(weight=3)})
        for _ in range(workers)
    ]
    had: Counter[str] = Counter()
    free = [(0.0, "", one) for one in range(workers) for _ in range(places)]
    while had.total() < 2_000:
        moment, _, one = heapq.heappop(free)
        busy = Counter(name for _, name, _ in free if name)
        (name,) = crew[one].give(1, ready=["a", "b"], at_work=busy, moment=moment)
        had[name] += int(lasting[name])
        heapq.heappush(free, (moment + lasting[name], name, one))

    assert had["b"] / had["a"] == pytest.approx(3, rel=0.05)


async def test_weights_hold_over_workers_of_one_place_each(
    tmp_path: Path, database_url: str, time: FixedClock
) -> None:
    """Two workers see in the database what the other one does."""
    shares = {"a": Share(weight=1), "b": Share(weight=3)}
    had: Counter[str] = Counter()
    async with Shop(tmp_path, database_url) as shop:
        for _ in range(24):
            await shop.queued(tenant="a")
            await shop.queued(tenant="b")
        workers = [shop.worker(shares, clock=time) for _ in range(2)]
        busy: list[Run] = []
        for turn in range(24):
            busy += await shop.claim(workers[turn % 2])
            had[busy[-1].tenant] += 1
            if len(busy) == len(workers):
                await shop.end(busy.pop(0), "done")
            time.advance(1)

    assert had["b"] in {17, 18, 19}


def test_who_comes_late_has_saved_up_nothing() -> None:
    """A tenant that had no runs, or none any more, gets its share from now on, not all places."""
    shares = FairShares()
    shares.give(1, ready=["a", "b"], at_work={}, moment=0)
    for moment in range(1, 100):
        shares.give(1, ready=["a"], at_work={"a": 1}, moment=moment)

    for newcomer in ("b", "c"):
        given = shares.give(10, ready=["a", newcomer], at_work={}, moment=100)
        assert given == {"a": 5, newcomer: 5}


def test_a_place_that_one_tenant_may_not_have_goes_to_another() -> None:
    """A tenant at its concurrency leaves no place empty that somebody else could use."""
    shares = FairShares(shares={"a": Share(weight=9, concurrency=1)})

    given = shares.give(3, ready=["a", "b"], at_work={}, moment=0)
    assert given == {"a": 1, "b": 2}


async def test_places_that_a_tenant_leaves_go_to_another(
    tmp_path: Path, database_url: str
) -> None:
    """A tenant that is stopped, or has fewer runs than its share, keeps no other from working."""
    async with Shop(tmp_path, database_url) as shop:
        await shop.queued(tenant="a")
        await shop.queued(tenant="b")
        others = [await shop.queued() for _ in range(5)]
        await KillSwitches(shop.store).engage("tenant", "a", by="ana")

        taken = Counter(run.tenant for run in await shop.claim(most=6))
        assert taken == {"b": 1, "default": len(others)}


async def test_the_run_of_a_dead_worker_is_claimed_after_its_lease(
    tmp_path: Path, database_url: str, time: FixedClock
) -> None:
    """Before that nobody takes it; afterwards the first worker writes nothing more."""
    async with Shop(tmp_path, database_url) as shop:
        await shop.queued()
        (stale,) = await shop.claim()
        time.advance(LEASE_S - 1)
        assert await shop.claim() == []
        await shop.store.write(
            lambda tx: extend(tx.connection, stale, now=tx.now), logs=(stale.tenant,)
        )
        time.advance(LEASE_S - 1)
        assert await shop.claim() == []
        time.advance(1)
        (run,) = await shop.claim()

        with pytest.raises(Fenced):
            await shop.runs.end(stale, "done", {})
        await shop.end(run, "done")
        assert await shop.status(run.id) == "done"
        assert (await shop.verify()).problems == []


async def test_a_run_that_never_gets_on_is_dead_and_not_lost(
    tmp_path: Path, database_url: str, time: FixedClock
) -> None:
    """After its attempts no worker takes it, the ledger says so, and a person carries it on."""
    async with Shop(tmp_path, database_url) as shop:
        run_id = await shop.queued()
        worker = shop.worker(attempts=2)
        for _ in range(2):
            (run,) = await shop.claim(worker)
            shop.runs.give_back(run)
            time.advance(LEASE_S)
        last = await worker.claim({PINNED}, most=1)

        assert (last.runs, last.dead) == ([], [run_id])
        assert await shop.status(run_id) == "dead"
        with pytest.raises(Fenced):
            await shop.runs.end(run, "done", {})
        ended = [
            entry for entry in await shop.entries() if entry["event"] == "run_ended"
        ]
        assert [entry["status"] for entry in ended] == ["dead"]
        await shop.end(await shop.runs.claim(run_id), "held")
        time.advance(back_off(run_id, tries=1))
        assert ids(await shop.claim(worker)) == [run_id]
        assert (await shop.verify()).problems == []


async def test_a_run_that_is_pinned_anew_keeps_its_time(
    tmp_path: Path, time: FixedClock
) -> None:
    """No worker takes a queued run earlier than it was to begin, whoever pins it anew."""
    async with Shop(tmp_path, None) as shop:
        later = int(time()) + 20
        run_id = await shop.queued(not_before=later)
        pins = Pins(revision=shop.pdp.revision, others={"planner": "another"})
        await shop.runs.repin(run_id, pins=pins, by="ana")
        pinned = digest_of(TOOLBOX, revision=pins.revision, others=pins.others)

        worker = shop.worker()
        assert (await worker.claim({pinned}, most=1)).runs == []
        time.advance(20)
        assert ids((await worker.claim({pinned}, most=1)).runs) == [run_id]


async def test_an_outage_is_no_try(
    tmp_path: Path, database_url: str, time: FixedClock
) -> None:
    """Claims that an outage ended do not count, and those that ended otherwise do."""
    async with Shop(tmp_path, database_url) as shop:
        run_id = await shop.queued()
        worker = shop.worker(attempts=2)
        for outage in (True, True, False, True, False):
            (run,) = await shop.claim(worker)
            await shop.runs.end(run, "held", {}, outage=outage)
            shop.runs.give_back(run)
            time.advance(10_000)
        last = await worker.claim({PINNED}, most=1)

        assert (last.runs, last.dead) == ([], [run_id])


async def test_a_claim_is_left_once_and_only_while_it_is_the_newest(
    tmp_path: Path, database_url: str, time: FixedClock
) -> None:
    """Whoever could not record the end of a claim does so later, unless it is known by then."""
    async with Shop(tmp_path, database_url) as shop:
        await shop.queued()
        (first,) = await shop.claim()
        await shop.runs.leave(first, "away")
        ended = len(await shop.entries())
        await shop.runs.leave(first, "away")
        assert await shop.status(first.id) == "held"
        assert len(await shop.entries()) == ended
        shop.runs.give_back(first)
        time.advance(10_000)
        (second,) = await shop.claim()
        await shop.runs.leave(first, "away")

        assert await shop.status(first.id) == "running"
        assert second.tries == 2
        assert (await shop.verify()).problems == []


async def test_a_held_run_comes_back_later_and_later(
    tmp_path: Path, database_url: str, time: FixedClock
) -> None:
    """Each try that ends held makes the next one wait longer, and none waits for ever."""
    async with Shop(tmp_path, database_url) as shop:
        run_id = await shop.queued()
        pauses = []
        for tries in (1, 2, 3):
            (run,) = await shop.claim()
            await shop.end(run, "held")
            pauses.append(back_off(run_id, tries=tries))
            time.advance(pauses[-1] - 1)
            assert await shop.claim() == []
            time.advance(1)

        assert pauses == sorted(set(pauses))
        assert back_off(run_id, tries=50) <= 450


async def test_a_run_whose_budget_is_used_up_waits_for_a_raise(
    tmp_path: Path, database_url: str, time: FixedClock
) -> None:
    """No worker tries it in vain meanwhile; once a limit is raised it goes on at once."""
    async with Shop(tmp_path, database_url) as shop:
        await shop.queued()
        (run,) = await shop.claim()
        logs = (run.tenant,)
        await shop.store.write(
            lambda tx: hold(tx, run, because="budget", until_raised=True), logs=logs
        )
        await shop.end(run, "held")
        time.advance(10_000)
        assert await shop.claim() == []
        await shop.store.write(
            lambda tx: raise_limit(tx, budget_id=run.budget_id, kind="steps", amount=1),
            logs=logs,
        )

        assert ids(await shop.claim()) == [run.id]


async def test_nothing_of_a_stopped_tenant_is_claimed(
    tmp_path: Path, database_url: str
) -> None:
    """While a kill switch covers the tenant its runs stay queued; then they go on."""
    async with Shop(tmp_path, database_url) as shop:
        run_id = await shop.queued()
        switches = KillSwitches(shop.store)
        await switches.engage("tenant", "default", by="ana")
        assert await shop.claim() == []
        await switches.release("tenant", "default", by="ana")

        assert ids(await shop.claim()) == [run_id]


@pytest.mark.parametrize(
    "change",
    [
        update(tables.run).values(priority=1),
        update(tables.run).values(pins=b"not sealed"),
        update(tables.run).values(owner="nobody"),
        update(tables.data_key).values(wrapped=b"no key"),
    ],
    ids=["row", "seal", "owner", "key"],
)
async def test_a_damaged_run_keeps_no_other_from_being_claimed(
    tmp_path: Path, change: Update
) -> None:
    """The damaged run is named once and left as it is, whatever is damaged of the run; the runs
    that would be claimed with it go on.
    """
    async with Shop(tmp_path, None) as shop:
        queued = [await shop.queued() for _ in range(3)]
        table = change.table
        damage = change.where(table.c.id == queued[1])
        await shop.store.write(lambda tx: tx.connection.execute(damage))
        worker = shop.worker()
        claimed = await worker.claim({PINNED}, most=3)
        again = await worker.claim({PINNED}, most=3)

        whole = {queued[0], queued[2]}
        assert whole <= {*ids([*claimed.runs, *again.runs])}
        assert queued[1] in [*claimed.refused, *ids(claimed.runs)]
        assert again.refused == {}


async def test_a_broken_log_stops_its_own_tenant_alone(tmp_path: Path) -> None:
    """Runs of other tenants are claimed and none of their claims is lost; of the tenant whose log
    is not what was signed nothing is claimed, and that is told once.
    """
    async with Shop(tmp_path, None) as shop:
        for tenant in ("a", "b", "c"):
            await shop.queued(tenant=tenant)
        second = await shop.queued(tenant="b")
        broken = update(tables.ledger_entry).where(tables.ledger_entry.c.log == "b")
        await shop.store.write(
            lambda tx: tx.connection.execute(broken.values(body=b"{}"))
        )
        worker = shop.worker()
        claimed = await worker.claim({PINNED}, most=4)
        again = await worker.claim({PINNED}, most=4)

        assert [run.tenant for run in claimed.runs] == ["a", "c"]
        assert len(claimed.refused) == 1
        assert (again.runs, again.refused) == ([], {})
        assert await shop.status(second) == "queued"


async def test_a_worker_that_is_asked_to_stop_leaves_the_run_ready(
    tmp_path: Path, database_url: str
) -> None:
    """The run is queued again at once, and the claim counts as no try."""
    async with Shop(tmp_path, database_url) as shop:
        await shop.queued()
        worker = shop.worker(attempts=1)
        for _ in range(3):
            (run,) = await shop.claim(worker)
            await shop.end(run, "queued")

        assert await shop.status(run.id) == "queued"


async def test_who_claims_is_named_in_the_ledger(
    tmp_path: Path, database_url: str
) -> None:
    """The sealed part of the entry names the worker, so that each claim has its author."""
    async with Shop(tmp_path, database_url) as shop:
        await shop.queued()
        (run,) = await shop.claim()

        entries = await audit.entries(shop.store, shop.vault, run_id=run.id)
        assert entries[-1]["payload"] == {"by": "worker:test"}


async def test_an_ended_run_is_in_no_lane(
    tmp_path: Path, database_url: str, time: FixedClock
) -> None:
    """Whatever ends a run takes it from the workers."""
    async with Shop(tmp_path, database_url) as shop:
        cancelled = await shop.queued()
        await shop.runs.cancel(cancelled, by="ana")
        for status in ("done", "failed"):
            await shop.queued()
            (run,) = await shop.claim()
            await shop.end(run, status)
        time.advance(10_000)

        assert await shop.claim() == []
        with pytest.raises(BadInput):
            await shop.runs.claim(cancelled)
