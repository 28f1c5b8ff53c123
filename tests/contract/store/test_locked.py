"""A database that another process has locked is waited for, once."""

import asyncio
import contextlib
import sqlite3
import time
from pathlib import Path

import pytest
from tests.contract.store.rows import all_of, names, put

from interlock.runtime.errors import Busy
from interlock.runtime.record.store import Store, patience, sqlite


async def test_a_database_that_is_locked_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that cannot begin is the fault of no item, so all waiters hear of it at
    once.
    """
    monkeypatch.setattr(sqlite, "WAIT_S", 0.5)
    store = Store.open(f"sqlite:///{tmp_path / 'locked.db'}")
    with contextlib.closing(sqlite3.connect(tmp_path / "locked.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        futures = [store.submit(put(f"n{number}"), "eager") for number in range(16)]
        heard = await all_of(*futures)
        waited_s = time.monotonic() - began
    store.close()

    assert {(type(each), each.code) for each in heard} == {(Busy, "busy")}
    assert waited_s < 16 * 0.5 / 2


async def test_a_lock_that_ends_in_time_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that writes for a while is waited for, and whoever waits is told so; what only
    looks waits for nobody.
    """
    monkeypatch.setattr(patience, "NOTICE_S", 0.1)
    file = tmp_path / "held.db"
    store = Store.open(f"sqlite:///{file}")
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        future = store.submit(put("n"), "eager")
        second = Store.open(f"sqlite:///{file}")
        looked = await second.read(names)
        second.close()
        await asyncio.sleep(1)
        waited = not future.done()
        other.rollback()
    written = await all_of(future)
    store.close()

    assert (waited, looked) == (True, [])
    assert written == ["n"]
    assert caplog.messages == [
        "waiting for another process that writes to the database"
    ]


async def test_whoever_stops_waiting_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither an opening that is cancelled nor a close waits as long as a command for a lock."""
    monkeypatch.setattr(patience, "LAST_S", 0.1)
    file = tmp_path / "held.db"
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        opening = asyncio.create_task(Store.opened(f"sqlite:///{file}"))
        await asyncio.sleep(0.2)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        other.rollback()
        store = Store.open(f"sqlite:///{file}")
        other.execute("BEGIN IMMEDIATE")
        future = store.submit(put("n"), "eager")
        store.close()
        took_s = time.monotonic() - began

    assert isinstance(future.exception(), Busy)
    assert took_s < sqlite.WAIT_S / 2
