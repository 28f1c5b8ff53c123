"""The defaults of an account at PostgreSQL have no say in whether the rails hold."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from interlock.runtime.errors import Busy
from interlock.runtime.record.store import Store, postgresql
from interlock.runtime.run.kill_switch import KillSwitches, covered
from interlock.runtime.storage import Storage

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
            lambda connection: covered(connection, tenant="a", tool="b", run_id="c")
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
