"""Opening a database: one that is away is told from an address that is wrong."""

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import psycopg
import pytest

from interlock.evals.postgresql import Server
from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.store import Store
from interlock.runtime.record.store.opening import DatabaseAway

ACCOUNT: Final = "postgresql://postgres@"
SECRET: Final = "rightly"  # noqa: S105 - of a database that lives as long as its test
#: Seconds within which a refusal comes that nobody waits for
AT_ONCE_S: Final = 5


@pytest.fixture
def guarded(postgres: Server) -> Iterator[str]:
    """The URL of a database whose account needs a password."""
    rules = postgres.folder / "data" / "pg_hba.conf"
    before = rules.read_text("ascii")
    rules.write_text(f"local all guarded scram-sha-256\n{before}", "ascii")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{SECRET}'")
        connection.execute("CREATE DATABASE guarded OWNER guarded")
        connection.execute("SELECT pg_reload_conf()")
        yield f"postgresql://guarded:{SECRET}@/guarded?host={postgres.folder}"
        rules.write_text(before, "ascii")
        connection.execute("DROP DATABASE guarded WITH (FORCE)")
        connection.execute("DROP ROLE guarded")
        connection.execute("SELECT pg_reload_conf()")


def refusal(url: str) -> GuardFailed:
    """Return why the database is not opened."""
    with pytest.raises(GuardFailed) as error:
        Store.open(url)
    return error.value


def test_a_server_that_does_not_answer_is_away(postgres: Server) -> None:
    """Neither by a socket of the machine nor by a port; its address is told without secrets."""
    with TemporaryDirectory(prefix="interlock-away-", dir="/tmp") as empty:
        away = [
            refusal(f"{ACCOUNT}/postgres?host={empty}"),
            refusal("postgresql://ann:secret@127.0.0.1:1/postgres"),
        ]

    assert [type(error) for error in away] == [DatabaseAway] * 2
    assert all(error.is_outage for error in away)
    assert "secret" not in str(away[1])


@pytest.mark.parametrize("wrong", ["folder", "host", "kind"])
def test_an_address_that_is_wrong_is_not_away(tmp_path: Path, wrong: str) -> None:
    """A folder that is not there and a host that nobody knows mend themselves by no waiting."""
    error = refusal(
        {
            "folder": f"{ACCOUNT}/postgres?host={tmp_path / 'absent'}",
            "host": f"{ACCOUNT}host.invalid/postgres",
            "kind": "mysql://host/name",
        }[wrong]
    )

    assert (type(error), error.is_outage) == (GuardFailed, False)


@pytest.mark.parametrize("wrong", ["password", "no password", "database", "account"])
def test_a_server_that_lets_nobody_in_so_is_not_away(guarded: str, wrong: str) -> None:
    """Its refusal has a code of its own, comes at once, and tells no password."""
    account, _, place = guarded.partition("@/")
    url = {
        "password": guarded.replace(SECRET, "mistaken"),
        "no password": guarded.replace(f":{SECRET}", ""),
        "database": f"{account}@/absent?{place.partition('?')[2]}",
        "account": guarded.replace("guarded", "absent", 1),
    }[wrong]
    began = time.monotonic()
    error = refusal(url)

    assert (error.code, error.is_outage) == ("database_refused", False)
    assert time.monotonic() - began < AT_ONCE_S
    assert SECRET not in str(error)
    assert "mistaken" not in str(error)


def test_a_server_that_has_no_place_left_is_away(
    guarded: str, postgres: Server
) -> None:
    """Places become free: whoever finds none may wait, and is not told of a wrong password, whether
    that address is the last one of the server or not.
    """
    twice = guarded.replace("?host=", f"?host={postgres.folder},")
    twice = twice.replace(f",{postgres.folder}", f",{postgres.folder / 'absent'}")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("ALTER ROLE guarded CONNECTION LIMIT 0")
        crowded = [refusal(url) for url in (guarded, twice)]
        connection.execute("ALTER ROLE guarded CONNECTION LIMIT -1")
    Store.open(guarded).close()

    assert [(error.code, error.is_outage) for error in crowded] == [
        ("database_away", True)
    ] * 2
