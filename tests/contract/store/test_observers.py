"""Who is told of what was committed: a witness and observers."""

import time
from collections.abc import Callable

import pytest
from tests.contract.store.rows import activated, all_of, hold, names, put

from interlock.runtime.errors import BadInput, NotWitnessed
from interlock.runtime.record.events import Event, PolicyActivated
from interlock.runtime.record.store import Store, Tx


async def test_a_failing_witness_is_heard_and_nothing_runs_twice(store: Store) -> None:
    """What the witness raises after the commit is raised at every waiter, no item is done again,
    and the writer lives on.
    """
    done: list[str] = []

    def witness(_: tuple[Event, ...]) -> None:
        raise NotWitnessed(why="No space left on device")

    def recorded(name: str) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            done.append(name)
            put(name)(tx)
            tx.events.append(activated("x"))

        return work

    store.attach(flush=lambda _: None, observers=[witness])
    go = hold(store)
    futures = [store.submit(recorded(name), "eager") for name in ("a", "b")]
    go.set()

    heard = await all_of(*futures)
    assert [type(each) for each in heard] == [NotWitnessed] * 2
    assert done == ["a", "b"]
    assert await store.read(names) == ["a", "b"]
    assert await store.write(put("c")) == "c"


async def test_every_observer_receives_what_was_committed_and_nothing_else(
    store: Store,
) -> None:
    """After a commit each observer gets its events in order; of a failed transaction it
    hears nothing.
    """
    first: list[tuple[Event, ...]] = []
    second: list[tuple[Event, ...]] = []
    one, two, lost = (activated(name) for name in ("one", "two", "lost"))

    def note(*events: Event, fails: bool = False) -> Callable[[Tx], None]:
        def work(tx: Tx) -> None:
            tx.events.extend(events)
            if fails:
                raise BadInput(what="x", why="y", next_step="z")

        return work

    store.attach(flush=lambda _: None, observers=[first.append])
    store.attach(observers=[second.append])
    await store.write(note(one, two))
    with pytest.raises(BadInput):
        await store.write(note(lost, fails=True))
    await store.write(note())

    assert first == second == [(one, two)]


async def test_observers_hear_of_one_transaction_at_a_time(store: Store) -> None:
    """However many threads commit, an observer is never told of two transactions at once, and of
    each log in the order of its commits.
    """
    heard: list[str] = []

    def slow(events: tuple[Event, ...]) -> None:
        heard.extend(("begin", *(one.log for one in events)))
        time.sleep(0.02)
        heard.append("end")

    def noted(log: str) -> Callable[[Tx], None]:
        event = PolicyActivated(log=log, revision="r", previous="")
        return lambda tx: tx.events.append(event)

    store.attach(flush=lambda _: None, observers=[slow])
    futures = [
        store.submit(noted(log), "eager", logs=(log,)) for log in ("a", "b", "c") * 3
    ]
    await all_of(*futures)

    told = " ".join(heard).split(" end")
    assert [one.split().count("begin") for one in told] == [1] * (len(told) - 1) + [0]
    assert sorted(one for one in heard if len(one) == 1) == sorted("abc" * 3)


async def test_an_observer_that_fails_loses_nothing(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """What another observer than the witness raises is logged; the waiter is told that the commit
    is durable, and the observers after it are still told.
    """
    heard: list[tuple[Event, ...]] = []

    def broken(_: tuple[Event, ...]) -> None:
        raise OSError(28, "No space left on device")

    def recorded(tx: Tx) -> str:
        tx.events.append(activated("x"))
        return put("a")(tx)

    store.attach(flush=lambda _: None, observers=[broken, heard.append])

    assert await store.write(recorded) == "a"
    assert await store.read(names) == ["a"]
    assert len(heard) == 1
    assert [record.levelname for record in caplog.records] == ["ERROR"]
