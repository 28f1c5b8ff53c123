"""What is written together commits together, in order, and failures stay where they belong."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.contract.store.rows import (
    activated,
    all_of,
    commits,
    hold,
    names,
    put,
    recorded,
)

from interlock.runtime.errors import BadInput, GuardFailed, NotRecorded
from interlock.runtime.record.store import Store, Tx, lines

if TYPE_CHECKING:
    from interlock.runtime.record.events import Event


async def test_a_group_is_one_commit_in_order(store: Store) -> None:
    """Whatever waits when the writer comes back is run in the order it was handed in, and committed
    once.
    """
    go, counted = hold(store), commits(store)
    names_in_order = [f"n{number:02}" for number in range(40)]

    futures = [
        store.submit(recorded(name), "lazy" if number % 2 else "eager")
        for number, name in enumerate(names_in_order)
    ]
    go.set()

    assert await all_of(*futures) == names_in_order
    assert [[one.body()["revision"] for one in group] for group in counted] == [
        names_in_order
    ]


async def test_a_failing_item_fails_alone(store: Store) -> None:
    """An item that raises, or that the database refuses, leaves nothing and takes nobody
    with it.
    """
    go = hold(store)

    def fails(tx: Tx) -> None:
        put("half")(tx)
        raise BadInput(what="x", why="y", next_step="z")

    first, bad, twice, last = (
        store.submit(work, "eager") for work in (put("a"), fails, put("a"), put("b"))
    )
    go.set()
    results = await all_of(first, bad, twice, last)

    assert results[0] == "a"
    assert isinstance(results[1], BadInput)
    assert isinstance(results[2], NotRecorded)
    assert results[3] == "b"
    assert await store.read(names) == ["a", "b"]


async def test_a_failing_item_takes_back_its_events(store: Store) -> None:
    """What a failing item meant to record is not recorded by its neighbours' commit."""
    seen: list[Event] = []
    store.attach(flush=lambda tx: seen.extend(tx.events))
    go = hold(store)

    def noted(name: str, *, fails: bool) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            tx.events.append(activated(name))
            if fails:
                raise BadInput(what="x", why="y", next_step="z")

        return work

    futures = [
        store.submit(noted(name, fails=name == "bad"), "eager")
        for name in ("good", "bad", "fine")
    ]
    go.set()
    await all_of(*futures)

    assert [event.body()["revision"] for event in seen] == ["good", "fine"]


@pytest.mark.parametrize(
    "error",
    [RuntimeError("no"), OSError(28, "No space left on device"), ValueError("no")],
)
async def test_a_failing_flush_fails_all_that_is_to_be_recorded(
    store: Store, error: Exception
) -> None:
    """When the record cannot be written nothing it belongs to commits, and the writer lives on."""

    def flush(_: Tx) -> None:
        raise error

    def recorded(name: str) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            put(name)(tx)
            tx.events.append(activated("x"))

        return work

    store.attach(flush=flush)
    go = hold(store)
    futures = [
        store.submit(work, "eager")
        for work in (recorded("a"), put("without"), recorded("b"))
    ]
    go.set()

    first, without, last = await all_of(*futures)
    assert without == "without"
    assert isinstance(first, NotRecorded)
    assert isinstance(last, NotRecorded)
    assert await store.read(names) == ["without"]
    assert await store.write(put("later")) == "later"


async def test_without_a_ledger_nothing_that_is_to_be_recorded_commits(
    store: Store,
) -> None:
    """A store to which no ledger is attached refuses events: fails closed."""

    def work(tx: Tx) -> None:
        put("a")(tx)
        tx.events.append(activated("x"))

    with pytest.raises(GuardFailed):
        await store.write(work)

    assert await store.read(names) == []


async def test_lazy_rides_with_eager(store: Store) -> None:
    """A lazy item waits for the next eager one and shares its commit."""
    counted = commits(store)
    store.later("run", recorded("lazy"))
    await store.write(recorded("eager"))

    assert await store.read(names) == ["eager", "lazy"]
    assert len(counted) == 1


@pytest.mark.parametrize("looks", [0, 1000], ids=["asleep", "looking"])
async def test_lazy_work_is_committed_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    """A lazy item that nothing follows is committed soon, whatever the writer is at."""
    monkeypatch.setattr(lines, "LOOKS", looks)
    store = Store.open(f"sqlite:///{tmp_path / 'lazy.db'}")
    for _ in range(2):
        await asyncio.sleep(0.01)
        future = store.submit(lambda _: "kept", "lazy")
        assert await asyncio.wait_for(asyncio.wrap_future(future), 10) == "kept"
    store.close()
