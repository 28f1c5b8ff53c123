"""Recurring work: it outlives failures, and ends with its block, its claim or its store."""

import asyncio
import threading
import time
from collections.abc import Callable

from sqlalchemy import Connection, insert, select, text

from interlock.runtime.errors import Fenced
from interlock.runtime.record.store import Store, tables


async def until(is_so: Callable[[], bool]) -> None:
    """Return once *is_so* answers yes; raises TimeoutError after some seconds."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - another thread makes it so
            await asyncio.sleep(0.005)


async def test_work_that_fails_is_tried_again(database_url: str) -> None:
    """Neither the database nor the work itself ends what recurs, and what failed wrote nothing."""
    store, done = Store.open(database_url), list[str]()

    def work(connection: Connection) -> None:
        name = str(len(done))
        done.append(name)
        row = insert(tables.data_key).values(id=name, tenant="default", wrapped=b"w")
        connection.execute(row)
        if name == "0":
            raise ZeroDivisionError
        if name == "1":
            connection.execute(text("SELECT nothing"))

    try:
        with store.pulse.beating(work, scope="default", every_s=0.01):
            await until(lambda: len(done) > 4)
        ids = select(tables.data_key.c.id).order_by(tables.data_key.c.id)
        names = await store.read(lambda connection: connection.scalars(ids).all())
    finally:
        store.close()

    assert names[:2] == ["2", "3"]


async def test_work_ends_with_its_claim_or_its_block(database_url: str) -> None:
    """What was fenced is not tried again, what left its block neither; a store that is closed
    waits for work under way, and leaves no thread.
    """
    store, fenced, left, begun, ended = Store.open(database_url), [0], [0], [0], [0]

    def refused(_: Connection) -> None:
        fenced[0] += 1
        raise Fenced(run_id="run-1")

    def brief(_: Connection) -> None:
        left[0] += 1

    def slow(_: Connection) -> None:
        begun[0] += 1
        time.sleep(0.05)
        ended[0] += 1

    try:
        with (
            store.pulse.beating(refused, scope="default", every_s=0.01),
            store.pulse.beating(slow, scope="default", every_s=0.01),
        ):
            with store.pulse.beating(brief, scope="default", every_s=0.01):
                await until(lambda: left[0] > 0)
            counted = left[0] + 1  # one may be under way
            await until(lambda: begun[0] > 4)
            store.close()
            assert begun == ended
    finally:
        store.close()

    assert fenced == [1]
    assert left[0] <= counted
    assert "interlock-pulse" not in [thread.name for thread in threading.enumerate()]
