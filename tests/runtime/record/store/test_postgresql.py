"""The defaults of an account at PostgreSQL have no say in whether the rails hold."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest
from sqlalchemy import text

from interlock.runtime.errors import Busy, Silent
from interlock.runtime.record.events import PolicyActivated
from interlock.runtime.record.store import Store, Tx, lines, patience, postgresql
from interlock.runtime.run.kill_switch import KillSwitches, covering
from interlock.runtime.storage import Storage

TIMEOUTS: Final = (
    "lock_timeout",
    "statement_timeout",
    "idle_in_transaction_session_timeout",
)
#: An operator that finds no switch of everything
_BLIND = """
    CREATE SCHEMA elsewhere;
    CREATE FUNCTION elsewhere.blind(one varchar, other varchar) RETURNS boolean
      LANGUAGE sql IMMUTABLE AS $$
        SELECT one OPERATOR(pg_catalog.=) other AND one OPERATOR(pg_catalog.<>) 'all' $$;
    CREATE OPERATOR elsewhere.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = elsewhere.blind);
"""


@pytest.fixture
def account(fresh_postgres: str) -> Iterator[psycopg.Connection]:
    """A session of the account at the database; its defaults are put back."""
    with psycopg.connect(fresh_postgres, autocommit=True) as connection:
        yield connection
        connection.execute("ALTER ROLE CURRENT_USER RESET ALL")


async def test_an_operator_of_another_schema_blinds_no_switch(
    account: psycopg.Connection, fresh_postgres: str, tmp_path: Path
) -> None:
    """An engaged switch covers its requests though the account looks elsewhere too."""
    async with Storage.open(database=fresh_postgres, keys=tmp_path / "keys") as storage:
        await KillSwitches(storage.store).engage("all", "", by="ada")
    account.execute(_BLIND)
    account.execute("ALTER ROLE CURRENT_USER SET search_path = public, elsewhere")

    store = Store.open(fresh_postgres)
    try:
        assert await store.read(
            lambda connection: covering(connection, tenant="a", tool="b", run_id="c")
        )
    finally:
        store.close()


@pytest.mark.parametrize(("default", "ours"), [("off", "on"), ("local", "local")])
async def test_what_is_committed_is_durable(
    account: psycopg.Connection, fresh_postgres: str, default: str, ours: str
) -> None:
    """No default of the account makes a commit one that a crash may lose."""
    account.execute(f"ALTER ROLE CURRENT_USER SET synchronous_commit = {default}")

    store = Store.open(fresh_postgres)
    try:
        stated = await store.write(
            lambda tx: tx.connection.execute(text("SHOW synchronous_commit")).scalar()
        )
    finally:
        store.close()

    assert stated == ours


async def test_nothing_is_waited_for_without_end(
    account: psycopg.Connection, fresh_postgres: str
) -> None:
    """Locks, statements and pauses in transactions end, whatever the account says."""
    for setting in TIMEOUTS:
        account.execute(f"ALTER ROLE CURRENT_USER SET {setting} = 0")
    query = text("SELECT " + ", ".join(f"current_setting('{it}')" for it in TIMEOUTS))

    store = Store.open(fresh_postgres)
    try:
        writing = await store.write(lambda tx: tx.connection.execute(query).one())
        reading = await store.read(lambda connection: connection.execute(query).one())
    finally:
        store.close()

    assert "0" not in {*writing, *reading}


@pytest.fixture
def freeze() -> Iterator[Callable[[Tx], None]]:
    """Work that stops the server's process behind its connection, as a frozen machine would."""
    stopped: list[int] = []

    def work(tx: Tx) -> None:
        backend = tx.connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        stopped.append(backend)
        os.kill(backend, signal.SIGSTOP)

    yield work
    for backend in stopped:
        os.kill(backend, signal.SIGCONT)


def ask(tx: Tx) -> int:
    """Return the server's time."""
    return tx.now


async def test_a_frozen_server_is_given_up(
    fresh_postgres: str,
    freeze: Callable[[Tx], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever waits is told what for, and then by a code; nobody else of the group waits once more,
    and the store goes on when there is an answer again.
    """
    monkeypatch.setattr(postgresql, "SILENCE_S", 0.6)
    monkeypatch.setattr(patience, "NOTICE_S", 0.1)
    monkeypatch.setattr(lines, "LAZY_WAIT_S", 0.5)  # so that they are one group
    store = Store.open(fresh_postgres)
    work = [store.submit(item, "lazy") for item in (freeze, ask, ask)]
    heard = [future.exception() for future in work]
    again = await store.write(ask)
    store.close()

    assert [type(error) for error in heard] == [Silent] * 3
    assert [error.code for error in heard if isinstance(error, Silent)] == [
        "silent"
    ] * 3
    assert caplog.messages == ["waiting for the database server"]
    assert again > 0


async def test_a_store_that_is_closed_gives_a_frozen_server_up(
    fresh_postgres: str,
    freeze: Callable[[Tx], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever stops a command need not wait as long as the command would."""
    monkeypatch.setattr(patience, "LAST_S", 0.1)
    store = Store.open(fresh_postgres)
    work = store.submit(freeze, "eager")
    began = time.monotonic()
    store.close()
    took_s = time.monotonic() - began

    assert isinstance(work.exception(), Silent)
    assert took_s < postgresql.SILENCE_S / 2


def test_a_server_that_takes_calls_and_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that does not come about is an error with a code."""
    monkeypatch.setitem(postgresql.WIRE, "connect_timeout", 2)  # the driver's least
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(Silent):
        Store.open(f"postgresql://somebody@127.0.0.1:{mute.getsockname()[1]}/home")


async def test_a_stop_behind_somebody_elses_lock_is_told_so(
    account: psycopg.Connection,
    fresh_postgres: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A session that keeps the heads locked keeps nobody waiting for ever: the error is `busy`."""
    settings = postgresql.SETTINGS.replace(f"'{postgresql.WAIT_S}s'", "'100ms'")
    monkeypatch.setattr(postgresql, "SETTINGS", settings)
    async with Storage.open(database=fresh_postgres, keys=tmp_path / "keys") as storage:
        with account.transaction():
            account.execute("SELECT FROM ledger_head FOR UPDATE")
            with pytest.raises(Busy):
                await KillSwitches(storage.store).engage("all", "", by="ada")
        await KillSwitches(storage.store).engage("all", "", by="ada")


async def test_a_log_whose_head_is_held_keeps_no_other_waiting(
    account: psycopg.Connection, fresh_postgres: str, tmp_path: Path
) -> None:
    """While another session holds one tenant's head, a second tenant's entries are committed; the
    first tenant's are when the head is free.
    """

    def noted(log: str) -> Callable[[Tx], None]:
        event = PolicyActivated(log=log, revision="r", previous="")
        return lambda tx: tx.events.append(event)

    async with Storage.open(database=fresh_postgres, keys=tmp_path / "keys") as storage:
        store = storage.store
        for log in ("acme", "beta"):
            await store.write(noted(log), logs=(log,))
        with account.transaction():
            account.execute("SELECT FROM ledger_head WHERE log = 'acme' FOR UPDATE")
            waiting = store.submit(noted("acme"), "eager", logs=("acme",))
            async with asyncio.timeout(5):
                for _ in range(3):
                    await store.write(noted("beta"), logs=("beta",))
            held_up = not waiting.done()
        await asyncio.wrap_future(waiting)
        heads = [(await storage.ledger.head(log)).size for log in ("acme", "beta")]

    assert held_up
    assert heads == [2, 4]


async def test_connections_that_the_server_closed_are_replaced(
    account: psycopg.Connection, fresh_postgres: str
) -> None:
    """A store goes on when every connection that it kept was closed behind its back."""
    store = Store.open(fresh_postgres)
    for _ in range(2):
        written = await store.write(ask)
        looked_up = await store.read(store.now)
        closed = account.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    store.close()

    assert min(written, looked_up) > 0
    assert len(closed) >= 2
