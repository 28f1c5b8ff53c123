"""Budgets as a tree: what a run spends, its job and its tenant spend, within every limit."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from interlock.runtime.door.outcome import Waiting
from interlock.runtime.errors import BadInput, Tampered
from interlock.runtime.policy.request import Amounts, BudgetFacts
from interlock.runtime.record.events import LimitPassed
from interlock.runtime.record.spend import of_tenant
from interlock.runtime.record.state import differences
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.run import budget, level, limit
from interlock.runtime.run.limit import set_limit
from interlock.runtime.run.movement import Shortage
from interlock.runtime.testing import PLENTY, REVIEWER, Effects, StaticPoint, World

ENOUGH = Amounts(**dict.fromkeys(KINDS, 1000))
TENANT = of_tenant("acme")
LOGS = ("acme",)
#: Two runs of a job and one without
RUNS = {"one": "job-1", "two": "job-1", "alone": ""}


def lock(tx: Tx, _: object) -> None:
    """Lock the tenant's budget, as the head of the tenant's log is for all who spend."""
    query = select(tables.budget.c.id).where(tables.budget.c.id == TENANT)
    tx.connection.execute(query.with_for_update())


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = Store.open(database_url)
    opened.attach(lock=lock, flush=lambda _: None)

    def begin(tx: Tx) -> None:
        limit.create_for_job(tx, job="job-1", tenant="acme", limits={"tokens": 100})
        for run, job in RUNS.items():
            limit.create(tx, budget_id=run, tenant="acme", limits=ENOUGH, job=job)

    await opened.write(begin)
    yield opened
    opened.close()


async def facts(store: Store, budget_id: str) -> BudgetFacts:
    budget = await store.read(partial(level.named_so, budget_id=budget_id))
    return budget.facts


def spend(run: str, tokens: int) -> Callable[[Tx], Shortage | None]:
    cost = Amounts(tokens=tokens)
    return lambda tx: budget.charge(tx, budget_id=run, cost=cost, actual=cost)


def reserve(run: str, action: str, tokens: int) -> Callable[[Tx], Shortage | None]:
    return lambda tx: budget.reserve(
        tx,
        budget_id=run,
        action_id=action,
        tenant="acme",
        cost=Amounts(tokens=tokens),
    )


def limited(
    amount: int | None, *, of: str = TENANT, soft: bool = False
) -> Callable[[Tx], list[str]]:
    """Return work that sets a limit of tokens and returns the kinds told to be passed."""

    def work(tx: Tx) -> list[str]:
        set_limit(tx, budget_id=of, kind="tokens", limit=amount, soft=soft, by="ada")
        return told(tx)

    return work


def told(tx: Tx) -> list[str]:
    return [event.kind for event in tx.events if isinstance(event, LimitPassed)]


async def test_what_moves_in_a_run_moves_above_it(store: Store) -> None:
    """A reservation, its settlement, a charge and a release count at every level."""
    await store.write(limited(500))
    assert await store.write(reserve("one", "a", 30)) is None
    for place in ("one", "job-1", TENANT):
        assert (await facts(store, place)).reserved.tokens == 30
    actual = Amounts(tokens=20)
    await store.write(
        lambda tx: budget.charge_reserved(tx, action_id="a", actual=actual)
    )
    await store.write(spend("two", 5))
    await store.write(spend("alone", 7))
    await store.write(reserve("two", "b", 9))
    await store.write(lambda tx: budget.release(tx, action_id="b"))

    for place, spent in (("one", 20), ("job-1", 25), (TENANT, 32)):
        stands = await facts(store, place)
        assert (stands.spent.tokens, stands.reserved) == (spent, Amounts())


@pytest.mark.parametrize(
    ("tenants", "at", "move"),
    [
        (500, "job", reserve("one", "a", 101)),
        (90, "tenant", reserve("one", "a", 91)),
        (500, "job", spend("one", 101)),
        (90, "tenant", spend("one", 91)),
    ],
)
async def test_a_level_without_room_refuses_for_all(
    store: Store,
    tenants: int,
    at: str,
    move: Callable[[Tx], Shortage | None],
) -> None:
    """The refusal names the level and the kind, and the levels before have given back."""
    await store.write(limited(tenants))
    shortage = await store.write(move)

    assert shortage is not None
    assert shortage.reason.code == "budget_exceeded"
    limits = {"job": 100, "tenant": 90}
    assert shortage.reason.parameters == {
        "level": at,
        "kind": "tokens",
        "limit": limits[at],
    }
    for place in ("one", "job-1", TENANT):
        stands = await facts(store, place)
        assert stands.spent == stands.reserved == Amounts()


async def test_what_goes_beyond_a_reservation_stops_at_the_tightest_level(
    store: Store,
) -> None:
    """An action that used more than was set aside is charged as far as every level allows."""
    await store.write(limited(60))
    await store.write(reserve("one", "a", 10))
    actual = Amounts(tokens=90)
    spent = await store.write(
        lambda tx: budget.charge_reserved(tx, action_id="a", actual=actual)
    )

    assert spent == Amounts(tokens=60)
    assert {
        (await facts(store, place)).spent.tokens for place in ("one", "job-1", TENANT)
    } == {60}


async def test_a_tenants_budget_begins_with_what_was_spent(store: Store) -> None:
    """The first limit of a tenant counts what its runs and jobs have spent and reserved before."""
    await store.write(spend("one", 10))
    await store.write(spend("alone", 5))
    await store.write(reserve("two", "a", 20))
    before = await facts(store, TENANT)
    await store.write(limited(40))

    assert (before.spent.tokens, before.reserved.tokens) == (15, 20)
    assert await store.write(spend("alone", 6)) is not None
    assert await store.write(spend("alone", 5)) is None


async def test_a_limit_is_never_set_below_what_is_taken(store: Store) -> None:
    """No budget ever stands beyond its limit, and what has no limit cannot be raised."""
    await store.write(spend("one", 10))
    await store.write(reserve("one", "a", 20))
    for place in ("one", "job-1", TENANT):
        with pytest.raises(BadInput) as refused:
            await store.write(limited(29, of=place))
        assert refused.value.code == "below_spend"
        await store.write(limited(30, of=place))
        await store.write(limited(None, of=place))
        with pytest.raises(BadInput) as refused:
            await store.write(
                partial(limit.raise_limit, budget_id=place, kind="tokens", amount=1)
            )
        assert refused.value.code == "not_limited"


async def test_a_soft_limit_stops_nothing_and_is_told_once(store: Store) -> None:
    """Passing a soft limit is recorded once and a fact from then on, until another is set."""

    def spent(tx: Tx) -> list[str]:
        assert spend("one", 10)(tx) is None
        return told(tx)

    assert await store.write(limited(15, soft=True)) == []
    assert [await store.write(spent) for _ in range(3)] == [[], ["tokens"], []]
    assert (await facts(store, TENANT)).passed == ("tokens",)
    assert await store.write(limited(50, soft=True)) == []
    assert (await facts(store, TENANT)).passed == ()
    assert await store.write(limited(29, soft=True)) == ["tokens"]


async def test_a_job_without_its_budget_pays_nothing(store: Store) -> None:
    """A job's budget that is gone limits its runs to nothing; they do not go on without it."""
    gone = delete(tables.budget).where(tables.budget.c.id == "job-1")
    await store.write(lambda tx: tx.connection.execute(gone) and None)

    assert await store.write(reserve("one", "a", 1)) is not None
    assert await store.write(spend("two", 1)) is not None
    assert (await facts(store, "one")).reserved == Amounts()


async def test_a_budget_above_itself_is_an_error(store: Store) -> None:
    """Where levels form a circle nobody climbs for ever: nothing more is spent or settled."""
    assert await store.write(reserve("one", "act-1", 1), logs=LOGS) is None
    row = update(tables.budget).where(tables.budget.c.id == "job-1")
    await store.write(
        lambda tx: tx.connection.execute(row.values(parent="one")).rowcount
    )
    works: tuple[Callable[[Tx], object], ...] = (
        spend("one", 1),
        partial(budget.release, action_id="act-1"),
        partial(budget.charge_reserved, action_id="act-1", actual=ENOUGH),
    )
    for work in works:
        with pytest.raises(Tampered):
            await store.write(work, logs=LOGS)


async def test_many_spenders_stay_within_at_every_level(
    store: Store, database_url: str
) -> None:
    """With two processes' stores as many spend as fit into job and tenant, and the sums agree."""
    await store.write(limited(150))
    other = Store.open(database_url)
    other.attach(lock=lock)
    places = tuple(RUNS)

    async def take(number: int) -> None:
        mine, run = (store, other)[number % 2], places[number % 3]
        if number % 4:
            await mine.write(spend(run, 7), logs=LOGS)
            return
        shortage = await mine.write(reserve(run, f"{number}", 7), logs=LOGS)
        if shortage is None and number % 8:
            await mine.write(
                lambda tx: budget.release(tx, action_id=f"{number}"), logs=LOGS
            )

    await asyncio.gather(*(take(number) for number in range(48)))
    other.close()
    taken = {
        place: stands.spent.tokens + stands.reserved.tokens
        for place in (*RUNS, "job-1", TENANT)
        for stands in [await facts(store, place)]
    }

    assert taken["one"] + taken["two"] == taken["job-1"] <= 100
    assert taken["job-1"] + taken["alone"] == taken[TENANT] <= 150
    assert taken[TENANT] >= 84  # what is given back was in the way meanwhile


async def test_the_door_holds_to_the_tenants_budget(
    tmp_path: Path, database_url: str
) -> None:
    """Parallel effects of two runs get no further than the tenant may; the ledger says the same."""
    effects = Effects()
    async with World(
        tmp_path / "home", tools=[effects.tool("note.write")], url=database_url
    ) as world:
        runs = [await world.start(limits=PLENTY) for _ in range(2)]
        tenant = runs[0].tenant
        changed = partial(
            set_limit,
            budget_id=of_tenant(tenant),
            kind="effects",
            limit=5,
            soft=False,
            by="ada",
        )
        await world.store.write(changed, logs=(tenant,))
        await asyncio.gather(
            *(
                world.pep.enforce(
                    runs[number % 2],
                    tool="note.write",
                    arguments={"text": "x"},
                    call_id=f"{number}",
                )
                for number in range(16)
            )
        )
        stands = await facts(world.store, of_tenant(tenant))

        assert len(effects.done) == stands.spent.effects == 5
        assert stands.reserved == Amounts()
        assert await differences(world.store, world.vault) == []
        assert (await world.verify()).problems == []


async def test_what_an_action_holds_itself_is_in_its_way_at_no_level(
    tmp_path: Path,
) -> None:
    """The policy is told of the levels above, without what the approved action has set aside."""
    point = StaticPoint(
        effects={"note.write": "permit"}, waiting=frozenset({"note.write"})
    )
    tools = [Effects().tool("note.write")]
    async with World(tmp_path / "home", tools=tools, pdp=point) as world:
        run = await world.start(limits=PLENTY)
        await world.store.write(
            limited(500, of=of_tenant(run.tenant)), logs=(run.tenant,)
        )
        act = partial(
            world.pep.enforce,
            run,
            tool="note.write",
            arguments={"text": "x"},
            call_id="a",
        )
        waiting = await act()
        assert isinstance(waiting, Waiting)
        approval = await world.approvals.read(waiting.approval_id)
        tenant = await facts(world.store, of_tenant(run.tenant))
        assert tenant.reserved.effects == 1
        await world.approvals.decide(
            waiting.approval_id,
            reviewer=REVIEWER,
            verdict="approved",
            shown=approval.evidence_digest,
            note="looked at",
        )
        await act()
        (above,) = point.asked[-1].context.budgets_above

        assert (above.level, above.reserved) == ("tenant", Amounts())
        assert above.limits.tokens == 500
