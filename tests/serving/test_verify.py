"""`interlock verify`: green on a sound installation, which it leaves as it was; red and specific on
any other.
"""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from interlock.runtime.policy.decision import Permit
from interlock.serving.verification import jobs
from interlock.serving.verification.guarantees import GUARANTEES
from interlock.serving.verification.scratch import PREFIX

Command = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
RULES = [path.name for path in (ROOT / "policies" / "rails" / "rules").iterdir()]


def kept(home: Path) -> dict[str, str]:
    """Return a digest of everything in the home: each row of the database, each other file."""
    with closing(sqlite3.connect(home / "interlock.db")) as connection:
        rows = "\n".join(connection.iterdump())
    files = {
        str(path): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.name[:12] != "interlock.db"
    }
    return {
        name: sha256(content).hexdigest()
        for name, content in {**files, "database": rows.encode()}.items()
    }


def test_every_rule_and_every_guarantee_has_its_line(
    reviewed: Path, command: Command
) -> None:
    """Each rule and guarantee is one line, all are right, and the doctor reports the same."""
    began = time.process_time()
    text = command(reviewed, "verify")
    took = time.process_time() - began
    doctor = command(reviewed, "doctor", "--json")

    assert (text.code, doctor.code) == (0, 0)
    expected = {
        *(f"rule {name}" for name in (*RULES, "rails")),
        *(f"guarantee {name}" for name in GUARANTEES),
        *(f"job {name}" for name in jobs.stated([ROOT / "policies"])),
    }
    assert all(line["ok"] for line in doctor.value)
    assert expected <= {line["check"] for line in doctor.value}
    assert all(check in text.out for check in expected)
    assert {"ledger", "keys", "database", "people"} <= {
        line["check"] for line in doctor.value
    }
    assert "WRONG" not in text.out
    assert (text.err, doctor.err) == ("", "")
    assert took < 15


def test_it_leaves_a_home_as_it_was(used: Path, command: Command) -> None:
    """No row, no file and no mail of the installation is touched by trying its guards."""
    before = kept(used)

    assert command(used, "verify").code == 0
    assert kept(used) == before


def test_it_holds_on_the_servers_of_an_installation(
    home: Path, command: Command, fresh_postgres: str, opa_server: int
) -> None:
    """On PostgreSQL and an OPA server each guarantee is tried there; nothing of it is left, and
    nothing is skipped.
    """
    servers = {
        "INTERLOCK_DATABASE": fresh_postgres,
        "INTERLOCK_OPA_SERVER": f"127.0.0.1:{opa_server}",
    }
    ran = command(home, "verify", "--json", **servers)
    with psycopg.connect(fresh_postgres) as connection:
        schemas = connection.execute("SELECT nspname FROM pg_namespace").fetchall()
        runs = connection.execute("SELECT count(*) FROM run").fetchall()

    assert ran.code == 0, [line for line in ran.value if not line["ok"]]
    checks = {line["check"] for line in ran.value if line["ok"]}
    assert {f"guarantee {name}" for name in GUARANTEES} <= checks
    assert len(GUARANTEES) >= 40
    assert not any(name.startswith(PREFIX) for (name,) in schemas)
    assert runs == [(0,)]


def test_the_guarantees_are_listed(command: Command, home: Path) -> None:
    """`--list` says of each guarantee what it stops, and opens nothing."""
    ran = command(home, "verify", "--list", "--json")
    text = command(home, "verify", "--list")

    assert (ran.code, text.code) == (0, 0)
    assert {line["id"]: line["stops"] for line in ran.value} == {
        name: one.stops for name, one in GUARANTEES.items()
    }
    assert all(name in text.out for name in GUARANTEES)
    assert list(home.iterdir()) == []


def test_a_guard_that_does_not_fire_ends_it_with_five(
    reviewed: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One guard that lets pass what it must refuse is red alone, and the command ends with 5."""
    monkeypatch.setattr(Permit, "spend", lambda *_: None)
    ran = command(reviewed, "verify", "--json")

    assert ran.code == 5
    assert {each["check"]: each["detail"] for each in ran.value if not each["ok"]} == {
        "guarantee used-permit": "a permit that was used was let through"
    }
    assert {each["code"] for each in ran.value} == {"", "did_not_fire"}


def test_what_breaks_while_it_is_tried_is_a_failure(
    reviewed: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error nobody foresaw is no proof: it is red, and hides nothing else."""
    monkeypatch.setattr(
        "interlock.serving.verification.jobs.stated", lambda *_, **__: 1 / 0
    )
    ran = command(reviewed, "verify", "--json")

    assert ran.code == 5
    assert {each["check"]: each["detail"] for each in ran.value if not each["ok"]} == {
        "jobs": "ZeroDivisionError: division by zero"
    }
    assert {f"guarantee {name}" for name in GUARANTEES} <= {
        each["check"] for each in ran.value
    }


def test_a_home_that_does_not_open_is_the_one_finding(
    home: Path, command: Command
) -> None:
    """Where nothing can be tried, that is red."""
    (home / "interlock.db").mkdir()
    ran = command(home, "verify", "--json")

    assert ran.code == 5
    assert [each["check"] for each in ran.value] == ["open"]
