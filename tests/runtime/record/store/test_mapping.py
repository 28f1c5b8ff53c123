"""A full disk is an error with a code before SQLite maps a file that cannot get its blocks."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from interlock.runtime.errors import NoSpace
from interlock.runtime.record.store import Store

Disk = Callable[[int], None]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Say how many free blocks the disk has, of 1 KiB each."""

    def has(free: int) -> None:
        told = SimpleNamespace(f_bavail=free, f_bfree=1_000, f_frsize=1024)
        monkeypatch.setattr(os, "statvfs", lambda _: told)

    return has


def test_nothing_is_opened_on_a_full_disk(tmp_path: Path, disk: Disk) -> None:
    """The map of a log that a killed process left behind would need more than there is."""
    file = tmp_path / "interlock.db"
    Store.open(f"sqlite:///{file}").close()
    disk(31)
    with pytest.raises(NoSpace) as refusal:
        Store.open(f"sqlite:///{file}")
    file.with_name("interlock.db-wal").write_bytes(bytes(4_120 * 4_062))
    disk(63)
    with pytest.raises(NoSpace):
        Store.open(f"sqlite:///{file}")

    assert refusal.value.code == "no_space"


async def test_what_is_on_the_disk_already_is_read(tmp_path: Path, disk: Disk) -> None:
    """While another process has the whole map on the disk, a full disk can be looked at."""
    file = tmp_path / "interlock.db"
    Store.open(f"sqlite:///{file}").close()
    with closing(sqlite3.connect(file)) as other:
        other.execute("SELECT * FROM run").fetchall()
        disk(0)
        store = Store.open(f"sqlite:///{file}")
        runs = await store.read(
            lambda connection: connection.execute(text("SELECT * FROM run")).all()
        )
        store.close()

    assert runs == []


async def test_no_transaction_begins_on_small_blocks_without_room(
    tmp_path: Path, disk: Disk
) -> None:
    """Where blocks are small the map may lack some as the log grows: nothing is written then."""
    disk(1_000)
    file = tmp_path / "interlock.db"
    store = Store.open(f"sqlite:///{file}")
    disk(0)
    os.truncate(file.with_name("interlock.db-wal"), 4_120 * 4_062)
    with pytest.raises(NoSpace):
        await store.write(lambda _: None)
    store.close()
