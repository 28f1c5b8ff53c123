"""A database opens only as the one that this version declares, however many open it at once."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, MetaData, Text, text

from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.audit_verify import verify
from interlock.runtime.record.events import HOME
from interlock.runtime.record.logs import export
from interlock.runtime.record.store import Store, tables
from interlock.runtime.record.store.tables import NEWEST, metadata
from interlock.runtime.record.store.version import version_of
from interlock.runtime.record.tlog import public_bytes
from interlock.runtime.record.vault import Vault


async def test_the_migrated_schema_is_the_declared_one(store: Store) -> None:
    """The migrations lead to exactly the tables that the program declares."""
    with store.engine.connect() as connection:
        found = compare_metadata(
            MigrationContext.configure(connection), tables.metadata
        )

    assert found == []


async def test_a_changed_schema_would_be_seen(store: Store) -> None:
    """The comparison above can fail: a column that was dropped is reported."""
    with store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE run DROP COLUMN trace"))
    with store.engine.connect() as connection:
        found = compare_metadata(
            MigrationContext.configure(connection), tables.metadata
        )

    assert found


OPENER = """
import asyncio
import sys
from pathlib import Path
from interlock.runtime.record.events import SwitchTurned
from interlock.runtime.storage import Storage

print("ready", flush=True)
sys.stdin.readline()
home = Path(sys.argv[1])
event = SwitchTurned(log="@home", scope="all", id="", engaged=True, by="ana")

async def engage():
    opening = Storage.open(
        database=sys.argv[2],
        keys=home / "keys",
        witness=home / "witness",
        origin="interlock/test",
    )
    async with opening as storage:
        await storage.store.write(lambda tx: tx.events.append(event), logs=["@home"])

asyncio.run(engage())
"""


def test_a_new_database_is_opened_while_another_process_is_writing_its_first_tables(
    tmp_path: Path,
) -> None:
    """SQLite refuses the turn to WAL at once while somebody writes; opening waits for them instead
    of failing.
    """
    first = sqlite3.connect(
        tmp_path / "interlock.db", isolation_level=None, check_same_thread=False
    )
    first.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, first.execute, ["COMMIT"]).start()

    opened = Store.open(f"sqlite:///{tmp_path / 'interlock.db'}")
    opened.close()
    first.close()


async def test_processes_may_open_a_new_database_at_once(
    database_url: str, tmp_path: Path
) -> None:
    """Three processes that meet an empty home make one schema, one set of keys and one ledger."""
    command = [sys.executable, "-c", OPENER, str(tmp_path / "home"), database_url]
    pipes: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }
    processes = [subprocess.Popen(command, text=True, **pipes) for _ in range(3)]  # noqa: ASYNC220, S603 - ours
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]

    assert [process.returncode for process in processes] == [0] * 3, errors
    store = Store.open(database_url)
    records = await store.read(lambda connection: list(export(connection, HOME)))
    store.close()
    report = verify(
        records,
        key=public_bytes(Vault(tmp_path / "home" / "keys", create=False).signing),
    )
    assert (report.size, report.problems) == (3, [])


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://host/name",
        "postgresql://host:port/name",
        "nonsense",
    ],
)
def test_a_url_that_is_no_database_of_ours_is_refused(url: str) -> None:
    """A database in memory would be another one for each connection, and of other kinds we know
    nothing: nothing is opened.
    """
    with pytest.raises(GuardFailed) as refusal:
        Store.open(url)

    assert refusal.value.guard == "store"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE alembic_version SET version_num = '9999'",
        "UPDATE alembic_version SET version_num = '0001'",
        "DROP TABLE alembic_version",
    ],
)
def test_a_database_of_another_version_is_refused(
    database_url: str, change: str
) -> None:
    """A schema that is not this program's is named as such and left as it is."""
    store = Store.open(database_url)
    with store.engine.begin() as connection:
        connection.execute(text(change))
    store.close()

    with pytest.raises(GuardFailed) as refusal:
        Store.open(database_url)

    assert refusal.value.code == "other_version"


def test_another_column_makes_another_version() -> None:
    """What names the schema is worked out from the tables, so nobody can forget to change it."""
    changed = MetaData()
    for table in metadata.tables.values():
        table.to_metadata(changed)
    assert version_of(changed) == NEWEST
    changed.tables["run"].append_column(Column("odd", Text))

    assert version_of(changed) != NEWEST
