"""Who waits until something is durable hears that it is, or what went wrong."""

import asyncio

import pytest
from tests.contract.store.rows import hold, names, put

from interlock.runtime.errors import Fenced, NotRecorded
from interlock.runtime.record.store import Store, Tx


async def test_settled_means_durable(store: Store) -> None:
    """After `settled` every reader sees what was handed in for the group; other groups do not
    matter.
    """
    store.later("other", put("other"))
    for number in range(5):
        store.later("run", put(f"lazy{number}"))
    await store.durable("run")

    assert {f"lazy{number}" for number in range(5)} <= set(await store.read(names))


async def test_settled_holds_for_everyone_who_waits(store: Store) -> None:
    """Two steps of one run that wait at the same time both see what was handed in, not only the
    first.
    """
    go = hold(store)
    store.later("run", put("lazy"))

    async def look() -> list[str]:
        await store.durable("run")
        return await store.read(names)

    waiting = [asyncio.create_task(look()) for _ in range(3)]
    await asyncio.sleep(0.05)
    go.set()

    assert await asyncio.gather(*waiting) == [["lazy"]] * 3


async def test_settled_raises_what_went_wrong(store: Store) -> None:
    """A lazy item that failed is not lost: the next step of its group hears of it."""

    def fails(_: Tx) -> None:
        raise Fenced(run_id="run", fence=1)

    store.later("run", fails)
    with pytest.raises(Fenced):
        await store.durable("run")


async def test_a_cancelled_waiter_cancels_no_write(store: Store) -> None:
    """A task that is cancelled while it waits leaves its item to be committed, and the writer
    alive.
    """
    go = hold(store)
    store.later("run", put("lazy"))
    waiting = [
        asyncio.create_task(store.durable("run")),
        asyncio.create_task(store.write(put("eager"))),
    ]
    await asyncio.sleep(0.05)
    for each in waiting:
        each.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    go.set()

    async with asyncio.timeout(5):
        assert await store.write(put("after")) == "after"
    assert await store.read(names) == ["after", "eager", "lazy"]


async def test_the_writer_survives_any_exception(store: Store) -> None:
    """An exception out of an item goes to its waiter; the thread serves the next item."""

    def fails(_: Tx) -> None:
        raise ZeroDivisionError

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await store.write(fails)

    assert await store.write(put("a")) == "a"


async def test_close_drains_and_then_refuses(database_url: str) -> None:
    """What was handed in before the close is durable; afterwards nothing is accepted; closing twice
    is harmless.
    """
    store = Store.open(database_url)
    futures = [store.submit(put(f"n{number}"), "lazy") for number in range(10)]
    store.close()
    store.close()

    assert [future.result() for future in futures] == [
        f"n{number}" for number in range(10)
    ]
    with pytest.raises(NotRecorded):
        await store.write(put("late"))
