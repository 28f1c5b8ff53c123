"""Budgets: whoever spends, however many at once and in how many processes, a limit is a limit."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.runtime.errors import GuardFailed, NotFound
from interlock.runtime.policy.request import Amounts, BudgetFacts
from interlock.runtime.record.store import Store, Tx
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.run import budget, level, limit
from interlock.runtime.run.movement import BUDGETS
from interlock.runtime.testing import Effects, World

LIMITS = Amounts(**dict.fromkeys(KINDS, 100))


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    opened = Store.open(database_url)
    opened.attach(flush=lambda _: None)
    await opened.write(
        lambda tx: limit.create(tx, budget_id="b", tenant="default", limits=LIMITS)
    )
    yield opened
    opened.close()


async def facts(store: Store, name: str = "b") -> BudgetFacts:
    return await store.read(lambda connection: level.read(connection, name).facts)


def reserve(action: str, cost: Amounts) -> Callable[[Tx], bool]:
    """Return work that says whether the cost of the action fitted."""

    def work(tx: Tx) -> bool:
        shortage = budget.reserve(
            tx, budget_id="b", action_id=action, tenant="default", cost=cost
        )
        return shortage is None

    return work


def settle(action: str, actual: Amounts) -> Callable[[Tx], Amounts]:
    return lambda tx: budget.charge_reserved(tx, action_id=action, actual=actual)


@pytest.mark.parametrize("actions", [1, 2])
async def test_the_statement_holds_the_limit_where_its_writer_is_mistaken(
    store: Store, actions: int
) -> None:
    """Work that takes a budget for a larger one sets nothing aside past its limit, whether one
    budget is written or several at once.
    """
    names = [f"small-{number}" for number in range(actions)]

    def mistaken(tx: Tx) -> None:
        for name in names:
            tx.know(BUDGETS, name, {"limit_steps": 1_000})
        for name in names:
            budget.reserve(
                tx,
                budget_id=name,
                action_id=name,
                tenant="default",
                cost=Amounts(steps=101),
            )

    for name in names:
        await store.write(
            partial(limit.create, budget_id=name, tenant="default", limits=LIMITS)
        )
    with pytest.raises(GuardFailed):
        await store.write(mistaken)
    for name in names:
        assert (await facts(store, name)).reserved == Amounts()


async def test_a_reservation_becomes_what_was_spent(store: Store) -> None:
    """Reserve holds the estimate; settle turns it into the actual cost; a second settle changes
    nothing.
    """
    assert await store.write(reserve("a", Amounts(tokens=60, effects=1)))
    assert (await facts(store)).reserved == Amounts(tokens=60, effects=1)
    for _ in range(2):
        await store.write(settle("a", Amounts(tokens=40, effects=1)))

    assert (await facts(store)).reserved == Amounts()
    assert (await facts(store)).spent == Amounts(tokens=40, effects=1)


async def test_a_release_gives_it_back(store: Store) -> None:
    """A released reservation is as if it had never been; a second release changes nothing."""
    await store.write(reserve("a", Amounts(tokens=60)))
    for _ in range(2):
        await store.write(lambda tx: budget.release(tx, action_id="a"))

    assert (await facts(store)).reserved == (await facts(store)).spent == Amounts()


async def test_a_reservation_is_made_once(store: Store) -> None:
    """Reserving again for the same action holds no more than before, and needs no more room."""
    for _ in range(3):
        assert await store.write(reserve("a", Amounts(tokens=60)))

    assert (await facts(store)).reserved == Amounts(tokens=60)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_has_its_limit(store: Store, kind: str) -> None:
    """What does not fit in any one kind is refused whole, and the last unit fits."""
    assert not await store.write(reserve("a", Amounts(**({"steps": 1} | {kind: 101}))))
    assert await store.write(reserve("b", Amounts(**{kind: 100})))
    assert not await store.write(reserve("c", Amounts(**{kind: 1})))

    assert (await facts(store)).reserved == Amounts(**{kind: 100})


async def test_a_charge_spends_at_once(store: Store) -> None:
    """A charge whose estimate fits is spent without a reservation; one that does not fit spends
    nothing.
    """

    def charge(tokens: int) -> Callable[[Tx], bool]:
        cost = Amounts(tokens=tokens)
        return lambda tx: (
            budget.charge(tx, budget_id="b", cost=cost, actual=cost) is None
        )

    assert await store.write(charge(70))
    assert not await store.write(charge(31))
    assert await store.write(charge(30))
    assert (await facts(store)).spent == Amounts(tokens=100)


async def test_no_budget_means_no_money(store: Store) -> None:
    """A budget that is not there lets nothing be reserved or charged, and cannot be read or
    raised.
    """
    cost = Amounts(tokens=1)
    assert await store.write(
        lambda tx: budget.reserve(
            tx, budget_id="x", action_id="a", tenant="default", cost=cost
        )
    )
    assert await store.write(
        lambda tx: budget.charge(tx, budget_id="x", cost=cost, actual=cost)
    )
    with pytest.raises(NotFound):
        await store.read(lambda connection: level.read(connection, "x"))
    for budget_id, kind in (("x", "tokens"), ("b", "patience")):
        with pytest.raises(NotFound):
            await store.write(
                partial(
                    limit.raise_limit,
                    budget_id=budget_id,
                    kind=kind,
                    amount=1,
                )
            )


async def test_a_raised_limit_gives_room(store: Store) -> None:
    """Raising a limit makes room for exactly that much more."""
    await store.write(reserve("a", Amounts(tokens=100)))
    await store.write(
        lambda tx: limit.raise_limit(tx, budget_id="b", kind="tokens", amount=5)
    )

    assert not await store.write(reserve("b", Amounts(tokens=6)))
    assert await store.write(reserve("c", Amounts(tokens=5)))


async def test_many_spenders_on_two_stores_stay_within(
    store: Store, database_url: str
) -> None:
    """64 spenders at once over two processes' stores: exactly as many succeed as fit, at every
    moment within the limit.
    """
    other = Store.open(database_url)
    over: list[BudgetFacts] = []

    async def watch() -> None:
        while True:
            seen = await facts(other)
            if any(
                asdict(seen.spent)[kind] + asdict(seen.reserved)[kind] > 100
                for kind in KINDS
            ):
                over.append(seen)
            await asyncio.sleep(0.002)

    async def spend(number: int) -> bool:
        mine = (store, other)[number % 2]
        fits = await mine.write(reserve(f"{number}", Amounts(tokens=3, effects=1)))
        if fits and number % 3 == 0:
            await mine.write(settle(f"{number}", Amounts(tokens=2, effects=1)))
        return fits

    watcher = asyncio.create_task(watch())
    fitted = await asyncio.gather(*(spend(number) for number in range(64)))
    watcher.cancel()
    found = await facts(store)
    other.close()

    assert over == []
    assert found.spent.tokens + found.reserved.tokens <= 100
    assert found.spent.effects + found.reserved.effects == sum(fitted)
    assert 33 <= sum(fitted) <= 50


async def test_parallel_effects_through_the_door_stay_within(
    tmp_path: Path, database_url: str
) -> None:
    """64 effects proposed at once with room for ten: ten happen."""
    effects = Effects()
    async with World(
        tmp_path / "home", tools=[effects.tool("note.write")], url=database_url
    ) as world:
        run = await world.start(limits=Amounts(steps=1000, effects=10, wall_ms=10**6))
        await asyncio.gather(
            *(
                world.pep.enforce(
                    run, tool="note.write", arguments={"text": "x"}, call_id=f"{n}"
                )
                for n in range(64)
            )
        )
        found = await world.budget(run)
        assert (await world.verify()).problems == []

    assert len(effects.done) == 10
    assert (found.spent.effects, found.reserved.effects) == (10, 0)


SMALL = st.integers(0, 60)
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "settle", "release", "charge"]),
        st.integers(0, 4),
        SMALL,
        SMALL,
    ),
    max_size=30,
)


@given(MOVES)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_sequence_of_moves_keeps_the_limit(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, int, int, int]]
) -> None:
    """Whatever is reserved, settled, released and charged in whatever order, spent and reserved
    never pass the limit.
    """
    store = Store.open(f"sqlite:///{tmp_path_factory.mktemp('budget') / 'b.db'}")
    store.submit(
        lambda tx: limit.create(tx, budget_id="b", tenant="t", limits=LIMITS), "eager"
    ).result()
    for move, action, tokens, effects in moves:
        cost = Amounts(tokens=tokens, effects=effects)
        work = partial(_move, move=move, action=f"{action}", cost=cost)
        store.submit(work, "eager").result()
        found = store._read(lambda connection: level.read(connection, "b").facts)  # noqa: SLF001 - no loop here
        for kind in KINDS:
            spent, reserved = asdict(found.spent)[kind], asdict(found.reserved)[kind]
            assert 0 <= spent <= spent + reserved <= asdict(LIMITS)[kind]
    store.close()


def _move(tx: Tx, move: str, action: str, cost: Amounts) -> None:
    match move:
        case "reserve":
            budget.reserve(
                tx, budget_id="b", action_id=action, tenant="default", cost=cost
            )
        case "settle":
            budget.charge_reserved(
                tx, action_id=action, actual=Amounts()
            )  # never more than was reserved
        case "release":
            budget.release(tx, action_id=action)
        case _:
            budget.charge(tx, budget_id="b", cost=cost, actual=cost)
