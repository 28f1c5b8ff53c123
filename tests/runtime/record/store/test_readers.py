"""Looks share a transaction, and nothing else: each sees what it must, and fails alone."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Final

import pytest
from sqlalchemy import Connection, insert, select, text

from interlock.runtime.errors import NotRecorded, Silent, Tampered
from interlock.runtime.record.store import Store, tables

#: Looks that are served at a time, one for each thread that serves them
_SERVED: Final = 2
_TRANSACTION: Final = text("SELECT now()")
_SCOPE: Final = text("SELECT current_setting('interlock.tenant')")
_SWITCHES: Final = select(tables.kill_switch.c.id)
_SWITCH: Final = {"scope": "tool", "id": "a", "tenant": "@home", "engaged": 1}
_DEADLINE_S: Final = 20.0


@pytest.fixture
def store(fresh_postgres: str) -> Iterator[Store]:
    """A store on a server."""
    store = Store.open(fresh_postgres)
    yield store
    store.close()


class _Busy:
    """Lets the threads that serve looks do nothing else until it is let go."""

    def __init__(self, store: Store) -> None:
        self._go = threading.Event()
        self._begun = threading.Semaphore(0)
        self._looks = [
            asyncio.ensure_future(store.look(self._look)) for _ in range(_SERVED)
        ]

    def _look(self, connection: Connection) -> None:
        connection.execute(_SWITCHES).all()
        self._begun.release()
        assert self._go.wait(_DEADLINE_S)

    async def begun(self) -> None:
        """Wait until each thread is at work."""
        for _ in self._looks:
            assert await asyncio.to_thread(self._begun.acquire, timeout=_DEADLINE_S)

    async def end(self) -> None:
        """Let the threads go on."""
        self._go.set()
        await asyncio.gather(*self._looks)


async def _waiting(
    *looks: Coroutine[object, object, object],
) -> list[asyncio.Task[object]]:
    """Return the looks once they were asked for."""
    tasks = [asyncio.create_task(look) for look in looks]
    await asyncio.sleep(0)
    return tasks


def _named(value: str) -> Callable[[Connection], str]:
    return lambda _: value


def _refused(_: Connection) -> None:
    raise Tampered(what="a row", why="it is not as it was")


def _broken(connection: Connection) -> None:
    connection.execute(text("SELECT 1 / 0"))


async def test_looks_that_wait_share_one_transaction(store: Store) -> None:
    """What waits while every thread is at work is read in one transaction for each thread."""
    busy = _Busy(store)
    await busy.begun()
    looks = await _waiting(
        *(
            store.look(lambda connection: connection.execute(_TRANSACTION).scalar_one())
            for _ in range(8)
        )
    )
    await busy.end()

    assert len(set(await asyncio.gather(*looks))) <= _SERVED


async def test_a_look_sees_what_was_committed_before(store: Store) -> None:
    """Nobody joins a transaction that began before the look was asked for."""
    busy = _Busy(store)
    await busy.begun()
    await store.write(
        lambda tx: tx.connection.execute(insert(tables.kill_switch), _SWITCH)
    )
    looks = await _waiting(
        store.look(lambda connection: connection.execute(_SWITCHES).scalars().all())
    )
    await busy.end()

    assert await asyncio.gather(*looks) == [["a"]]


async def test_what_one_look_raises_reaches_no_other(store: Store) -> None:
    """A refusal is told to whoever looked, and a broken transaction is done again for the rest."""
    busy = _Busy(store)
    await busy.begun()
    looks = await _waiting(
        store.look(_named("first")),
        store.look(_refused),
        store.look(_named("second")),
        store.look(_broken),
        store.look(_named("third")),
        store.look(lambda connection: connection.execute(_TRANSACTION).scalar_one()),
    )
    await busy.end()
    told = await asyncio.gather(*looks, return_exceptions=True)

    assert [told[0], told[2], told[4]] == ["first", "second", "third"]
    assert isinstance(told[1], Tampered)
    assert isinstance(told[3], NotRecorded)
    assert not isinstance(told[5], Exception)


async def test_who_looks_at_a_silent_server_is_told_once(store: Store) -> None:
    """Where the server falls silent in a shared transaction, nobody's look is done once more: each
    would wait for the server anew.
    """
    tried = []

    def silent(_: Connection) -> None:
        tried.append("silent")
        raise OSError("connection timeout expired")

    busy = _Busy(store)
    await busy.begun()
    looks = await _waiting(
        store.look(silent),
        store.look(lambda _: tried.append("late")),
        store.look(silent),
    )
    await busy.end()
    told = await asyncio.gather(*looks, return_exceptions=True)

    assert [type(one) for one in told] == [Silent] * len(looks)
    assert tried == ["silent"]


async def test_looks_of_two_scopes_share_nothing(store: Store) -> None:
    """Each look is in the scope of whoever asked for it."""
    busy = _Busy(store)
    await busy.begun()
    looks = await _waiting(
        *(
            store.of(tenant).look(
                lambda connection: connection.execute(_SCOPE).scalar_one()
            )
            for tenant in ("acme", "beta", "beta", "acme")
        )
    )
    await busy.end()

    assert await asyncio.gather(*looks) == ["acme", "beta", "beta", "acme"]
