"""Rows that tests of a store write and count."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, insert, select

from interlock.runtime.record.events import HOME, Event, PolicyActivated
from interlock.runtime.record.store import Store, Tx, tables

KEY = {"tenant": "default", "wrapped": b"w"}


def put(name: str) -> Callable[[Tx], str]:
    """Return work that inserts one row and returns its name."""

    def work(tx: Tx) -> str:
        tx.connection.execute(insert(tables.data_key).values(id=name, **KEY))
        return name

    return work


def activated(revision: str) -> PolicyActivated:
    return PolicyActivated(log=HOME, revision=revision, previous="")


def names(connection: Connection) -> list[str]:
    return list(
        connection.execute(
            select(tables.data_key.c.id).order_by(tables.data_key.c.id)
        ).scalars()
    )


def commits(store: Store) -> list[tuple[Event, ...]]:
    """Return a list that grows by one with every commit in which something was recorded."""
    heard: list[tuple[Event, ...]] = []
    store.attach(flush=lambda _: None, observers=[heard.append])
    return heard


def recorded(name: str) -> Callable[[Tx], str]:
    """Return work that inserts one row, records that, and returns the row's name."""

    def work(tx: Tx) -> str:
        tx.events.append(activated(name))
        return put(name)(tx)

    return work


def hold(store: Store) -> threading.Event:
    """Keep the writer busy until the event is set, so that what follows becomes one group
    with it.
    """
    entered, go = threading.Event(), threading.Event()

    def work(_: Tx) -> None:
        entered.set()
        assert go.wait(10)

    store.submit(work, "eager")
    assert entered.wait(10)
    return go


async def all_of(*futures: Any) -> list[Any]:
    return await asyncio.gather(
        *map(asyncio.wrap_future, futures), return_exceptions=True
    )
