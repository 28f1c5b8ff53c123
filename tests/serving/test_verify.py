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

import pytest

from interlock.runtime.policy.decision import Permit
from interlock.serving.verification import jobs
from interlock.serving.verification.guards import GUARDS

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


def test_every_rule_and_every_guard_has_its_line(
    reviewed: Path, command: Command
) -> None:
    """Each rule and guard is one line, all are right, in text as in JSON and within the doctor's
    report.
    """
    began = time.monotonic()
    ran = command(reviewed, "verify", "--json")
    took = time.monotonic() - began
    text, doctor = command(reviewed, "verify"), command(reviewed, "doctor", "--json")

    assert (ran.code, text.code, doctor.code) == (0, 0, 0)
    expected = {
        *(f"rule {name}" for name in (*RULES, "rails")),
        *(f"guard {name}" for name in GUARDS),
        *(f"job {name}" for name in jobs.stated([ROOT / "policies"])),
    }
    assert all(line["ok"] for line in ran.value)
    assert expected <= {line["check"] for line in ran.value}
    assert expected <= {line["check"] for line in doctor.value}
    assert "WRONG" not in text.out
    assert (ran.err, text.err) == ("", "")
    assert took < 10


def test_it_leaves_a_home_as_it_was(used: Path, command: Command) -> None:
    """No row, no file and no mail of the installation is touched by trying its guards."""
    before = kept(used)

    assert command(used, "verify").code == 0
    assert kept(used) == before


def test_a_guard_that_does_not_fire_ends_it_with_five(
    reviewed: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One guard that lets pass what it must refuse is red alone, and the command ends with 5."""
    monkeypatch.setattr(Permit, "spend", lambda *_: None)
    ran, text = command(reviewed, "verify", "--json"), command(reviewed, "verify")

    assert (ran.code, text.code) == (5, 5)
    assert {each["check"]: each["detail"] for each in ran.value if not each["ok"]} == {
        "guard permit twice": "it did not fire: a permit that was used was let through"
    }
    assert "WRONG" in text.out


def test_what_breaks_while_it_is_tried_is_a_failure(
    reviewed: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error nobody foresaw is no proof: it is red, and hides nothing else."""
    monkeypatch.setattr(
        "interlock.serving.verification.rules.starts", lambda *_, **__: 1 / 0
    )
    ran = command(reviewed, "verify", "--json")

    assert ran.code == 5
    assert {each["check"]: each["detail"] for each in ran.value if not each["ok"]} == {
        "rules": "ZeroDivisionError: division by zero"
    }
    assert {f"guard {name}" for name in GUARDS} <= {each["check"] for each in ran.value}


def test_a_home_that_does_not_open_is_the_one_finding(
    home: Path, command: Command
) -> None:
    """Where nothing can be tried, that is red."""
    (home / "interlock.db").mkdir()
    ran = command(home, "verify", "--json")

    assert ran.code == 5
    assert [each["check"] for each in ran.value] == ["open"]
