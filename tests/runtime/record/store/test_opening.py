"""Opening a database: one that is away is told from an address that is wrong."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from interlock.evals.postgresql import Server
from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.store import Store
from interlock.runtime.record.store.opening import DatabaseAway

ACCOUNT = "postgresql://postgres@"


def refusal(url: str) -> GuardFailed:
    """Return why the database is not opened."""
    with pytest.raises(GuardFailed) as error:
        Store.open(url)
    return error.value


def test_a_server_that_does_not_answer_is_away(postgres: Server) -> None:
    """Neither by a socket of the machine nor by a port, and its address is told without secrets."""
    with TemporaryDirectory(prefix="interlock-away-", dir="/tmp") as empty:
        away = [
            refusal(f"{ACCOUNT}/postgres?host={empty}"),
            refusal("postgresql://ann:secret@127.0.0.1:1/postgres"),
        ]

    assert [type(error) for error in away] == [DatabaseAway] * 2
    assert all(error.is_outage for error in away)
    assert "secret" not in str(away[1])


@pytest.mark.parametrize("wrong", ["database", "account", "folder", "host", "kind"])
def test_an_address_that_is_wrong_is_not_away(
    postgres: Server, tmp_path: Path, wrong: str
) -> None:
    """A server that refuses just this, a folder that is not there and a host that nobody knows mend
    themselves by no waiting.
    """
    error = refusal(
        {
            "database": f"{ACCOUNT}/absent?host={postgres.folder}",
            "account": f"postgresql://absent@/postgres?host={postgres.folder}",
            "folder": f"{ACCOUNT}/postgres?host={tmp_path / 'absent'}",
            "host": f"{ACCOUNT}host.invalid/postgres",
            "kind": "mysql://host/name",
        }[wrong]
    )

    assert (type(error), error.is_outage) == (GuardFailed, False)
