"""The process is killed outright, at several moments; what was done is done once, and the rest is
carried on.
"""

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
CONTRACT: Final = ROOT / "evals" / "data" / "contracts" / "opera-service-agreement.pdf"
ENDS_WITHIN_S: Final = 60


def killed(
    programs: Any,
    home: Path,
    environment: dict[str, str],
    *arguments: str,
    entries: int,
) -> int:
    """Start the command, kill it as soon as the ledger has *entries* entries; return how it
    ended.
    """
    pid, _ = programs.begin(
        "interlock", *arguments, folder=home, environment=environment
    )
    deadline = time.monotonic() + ENDS_WITHIN_S
    while size(home) < entries:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    return int(programs.ended(pid))


def size(home: Path) -> int:
    """Return the number of entries in the ledger, 0 before there is one."""
    path = home / "interlock.db"
    if not path.exists():
        return 0
    with closing(
        sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)
    ) as connection:
        try:
            return int(
                connection.execute("SELECT count(*) FROM ledger_entry").fetchone()[0]
            )
        except sqlite3.OperationalError:
            return 0  # the schema is being made


def runs(home: Path) -> list[tuple[str, str]]:
    """Return id and status of every run."""
    with closing(sqlite3.connect(home / "interlock.db")) as connection:
        return connection.execute("SELECT id, status FROM run").fetchall()


def counted(home: Path) -> tuple[int, int, int]:
    """Return the numbers of filed records, of mails, and of reports."""
    with closing(sqlite3.connect(home / "interlock.db")) as connection:
        kept = dict(
            connection.execute(
                "SELECT kind, count(*) FROM record GROUP BY kind"
            ).fetchall()
        )
    mails = list(home.glob("outbox/*.eml"))
    return kept.get("contract", 0), len(mails), kept.get("report", 0)


@pytest.mark.parametrize(
    "entries", [3, 11]
)  # the first two are of no run: the act, and the policy
def test_a_killed_review_is_carried_on(
    tmp_path: Path,
    command: Callable[..., Any],
    environment: Callable[[Path], dict[str, str]],
    programs: Any,
    entries: int,
) -> None:
    """A review killed at any moment is resumed to the same end: one record, one report, one mail, a
    valid ledger.
    """
    home = tmp_path
    (home / "people.yaml").write_text(
        "people: [{id: ana, roles: [analyst]}, {id: rhea, roles: [reviewer]}]\n",
        "utf-8",
    )
    killed(
        programs,
        home,
        environment(home),
        "review",
        str(CONTRACT),
        "--notify",
        "legal@example.com",
        "--as",
        "ana",
        entries=entries,
    )
    ((run_id, _),) = runs(home)
    resumed = command(home, "run", "resume", run_id, "--as", "ana", "--json")

    assert resumed.code == 3
    assert resumed.value["findings"]
    assert counted(home) == (1, 0, 1)

    (approval,) = resumed.value["waiting"]
    before = size(home)
    killed(
        programs,
        home,
        environment(home),
        "approvals",
        "approve",
        approval,
        "--as",
        "rhea",
        "--note",
        "checked",
        entries=before + min(entries - 1, 4),
    )
    ((_, status),) = runs(home)
    ended = (
        command(home, "run", "resume", run_id, "--as", "ana", "--json")
        if status != "done"
        else None
    )

    assert ended is None or (ended.code, ended.value["status"]) == (0, "done")
    assert counted(home) == (1, 1, 1)
    assert command(home, "audit", "verify", "--json").value["valid"] is True
