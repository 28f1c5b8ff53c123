"""The ledger of a home: whatever was changed in it is found and named, by the home and by a
stranger.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from interlock.runtime.record import audit_verify

Command = Callable[..., Any]
ENTRY: Final = 1
#: The log of the tenant whose contract was reviewed
LOG: Final = "default"


def change(home: Path, statement: str, *values: Any) -> None:
    """Change the database behind the product's back; exactly one row."""
    with closing(sqlite3.connect(home / "interlock.db")) as connection, connection:
        assert connection.execute(statement, values).rowcount == 1


def flip(home: Path, entry: int) -> None:
    """Change one bit in the middle of an entry."""
    with closing(sqlite3.connect(home / "interlock.db")) as connection:
        (found,) = connection.execute(
            "SELECT body FROM ledger_entry WHERE log = 'default' AND seq = ?", [entry]
        ).fetchone()
    changed = bytearray(found)
    changed[len(changed) // 2] ^= 1
    change(
        home,
        "UPDATE ledger_entry SET body = ? WHERE log = 'default' AND seq = ?",
        bytes(changed),
        entry,
    )


def standalone(file: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the verifier as an auditor would: alone, isolated from this project."""
    command = [sys.executable, "-I", audit_verify.__file__, str(file), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")  # noqa: S603 - our own file


def test_an_untouched_ledger_is_valid(reviewed: Path, command: Command) -> None:
    """What nobody touched verifies, in text and JSON."""
    report = command(reviewed, "audit", "verify", "--json")

    assert report.code == 0
    assert report.value.keys() == {
        "valid",
        "size",
        "checkpoints",
        "key",
        "logs",
        "problems",
        "gaps",
    }
    assert (report.value["valid"], report.value["problems"]) == (True, [])
    assert "Ledger valid" in command(reviewed, "audit", "verify").out


def test_tables_that_nobody_touched_are_what_the_ledger_says(
    used: Path, command: Command
) -> None:
    """After reviews, denials, approvals and all else, the tables follow from the ledger."""
    report = command(used, "audit", "verify", "--state", "--json")

    assert report.code == 0, report.out
    assert report.value["differences"] == []


def test_a_changed_table_is_named(used: Path, command: Command) -> None:
    """A limit that was raised behind the ledger's back is found, with table, row and column."""
    run_id = command(used, "run", "list", "--json").value[0]["run_id"]
    change(
        used, "UPDATE budget SET limit_tokens = limit_tokens + 1 WHERE id = ?", run_id
    )
    report = command(used, "audit", "verify", "--state", "--json")

    assert report.code == 5
    [difference] = report.value["differences"]
    place = (
        difference["code"],
        difference["table"],
        difference["row"],
        difference["column"],
    )
    assert place == ("changed_value", "budget", run_id, "limit_tokens")
    assert (
        f"budget {run_id} limit_tokens"
        in command(used, "audit", "verify", "--state").out
    )
    assert command(used, "audit", "verify").code == 0


def test_a_changed_entry_is_named(used: Path, command: Command) -> None:
    """One bit changed in an entry is found, and the entry is named."""
    flip(used, ENTRY)
    report = command(used, "audit", "verify", "--json")

    assert report.code == 5
    assert ENTRY in {each["seq"] for each in report.value["problems"]}
    assert f"{LOG} entry {ENTRY}: " in command(used, "audit", "verify").out


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (
            "UPDATE ledger_entry SET payload = NULL WHERE log = 'default' AND seq = ?",
            "payload_missing",
        ),
        (
            "UPDATE ledger_entry SET payload = zeroblob(64) WHERE log = 'default' AND seq = ?",
            "payload_changed",
        ),
        ("DELETE FROM ledger_entry WHERE log = 'default' AND seq = ?", "missing_entry"),
    ],
)
def test_what_an_entry_holds_is_checked(
    used: Path, command: Command, statement: str, code: str
) -> None:
    """A payload or an entry that is gone or replaced is found and named."""
    change(used, statement, ENTRY)
    report = command(used, "audit", "verify", "--json")

    assert report.code == 5
    assert (code, ENTRY) in {
        (each["code"], each["seq"]) for each in report.value["problems"]
    }


def test_an_older_copy_is_noticed(
    used: Path, tmp_path: Path, command: Command, contract: Path
) -> None:
    """Putting an older copy of the whole database back is found, because the home remembers a newer
    checkpoint.
    """
    shutil.copyfile(used / "interlock.db", tmp_path / "older.db")
    assert command(used, "review", str(contract)).code == 0
    for path in used.glob("interlock.db*"):
        path.unlink()
    shutil.copyfile(tmp_path / "older.db", used / "interlock.db")
    report = command(used, "audit", "verify", "--json")

    assert report.code == 5
    assert "rolled_back" in {each["code"] for each in report.value["problems"]}


def test_a_forgotten_checkpoint_is_noticed(used: Path, command: Command) -> None:
    """Without the checkpoint outside the database a rollback could not be seen, so that is a
    problem of its own.
    """
    (used / "checkpoints" / f"{LOG}.note").unlink()
    report = command(used, "audit", "verify", "--json")

    assert report.code == 5
    assert [each["code"] for each in report.value["problems"]] == [
        "no_remembered_checkpoint"
    ]
    assert command(used, "kill", "engage", "all").code == 5


def test_a_forger_signs_nothing(used: Path, tmp_path: Path, command: Command) -> None:
    """An export is verified under this home's key, or under one that was named: never under the
    key that stands in the export.
    """
    file = tmp_path / "ledger.jsonl"
    key = command(used, "audit", "export", str(file), "--json").value["public_key"]
    nobody = tmp_path / "nobody"
    nobody.mkdir()
    stranger = command(nobody, "audit", "verify", str(file))
    note = str(used / "checkpoints" / f"{LOG}.note")

    assert command(used, "audit", "verify", str(file), "--remembered", note).code == 0
    assert command(nobody, "audit", "verify", str(file), "--key", key).code == 0
    assert stranger.code == 5
    assert "CONSISTENT, signed by nobody known" in stranger.out
    assert standalone(file).returncode == 1
    (used / "keys" / "ledger.key").write_bytes(b"x" * 32)
    forged = command(used, "audit", "verify", str(file), "--json").value
    assert {each["code"] for each in forged["problems"]} >= {"bad_signature"}


def test_no_text_of_an_export_moves_the_terminal(
    used: Path, tmp_path: Path, command: Command
) -> None:
    """What an export says of itself is printed visibly, and half of a character ends nothing."""
    file = tmp_path / "ledger.jsonl"
    command(used, "audit", "export", str(file))
    for text in ("0\x1b[2K\x1b]0;owned\x07", "\x9b31m", "\ud800"):
        lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        for line in lines[1:]:
            line["seq"] = text
            line["kind"] = line["kind"] if line["kind"] == "entry" else text
        lines[0]["log"] = text
        evil = tmp_path / "evil.jsonl"
        evil.write_text("".join(json.dumps(line) + "\n" for line in lines), "ascii")
        for ran in (command(used, "audit", "verify", str(evil)), standalone(evil)):
            printed = ran.out if hasattr(ran, "out") else ran.stdout
            assert not {sign for sign in printed if not sign.isprintable()} - {"\n"}
            assert "entry" in printed


def test_another_signing_key_is_noticed(used: Path, command: Command) -> None:
    """A ledger whose signing key was replaced no longer verifies."""
    (used / "keys" / "ledger.key").unlink()
    report = command(used, "audit", "verify", "--json")

    assert report.code == 5
    assert report.value["problems"] != [] if report.out else "ledger" in report.err


def test_a_data_key_that_vanishes_is_no_erasure(used: Path, command: Command) -> None:
    """A run's data key deleted behind our back is a problem at its entries, unlike one whose
    erasure is recorded.
    """
    run_id = command(used, "run", "list", "--json").value[0]["run_id"]
    change(used, "DELETE FROM data_key WHERE id = ?", run_id)
    report = command(used, "audit", "verify", "--json")

    assert report.code == 5
    assert {each["code"] for each in report.value["problems"]} == {"payload_changed"}


def test_a_stranger_agrees(used: Path, tmp_path: Path, command: Command) -> None:
    """The one-file verifier, run alone on an export, finds the same root, and the same fault when
    there is one.
    """
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    exported = command(used, "audit", "export", str(good), "--json").value
    ours = command(used, "audit", "verify", "--json").value
    flip(used, ENTRY)
    command(used, "audit", "export", str(bad))
    agreed, objected = (
        standalone(good, "--key", ours["key"]),
        standalone(bad, "--key", ours["key"]),
    )

    assert exported["entries"] == ours["size"]
    assert (agreed.returncode, agreed.stderr) == (0, "")
    for log in ours["logs"]:
        line = f"valid: log {log['log']}, {log['size']} entries, root {log['root']}"
        assert line in agreed.stdout
    assert objected.returncode == 1
    assert f"INVALID {LOG} entry {ENTRY}: " in objected.stdout
    assert command(used, "audit", "verify", str(good), "--key", ours["key"]).code == 0
    assert command(used, "audit", "verify", str(bad)).code == 5


def test_an_export_is_never_overwritten(
    reviewed: Path, tmp_path: Path, command: Command
) -> None:
    """An export goes into a new file only."""
    (tmp_path / "mine").write_text("mine", "utf-8")
    ran = command(reviewed, "audit", "export", str(tmp_path / "mine"))

    assert ran.code == 2
    assert (tmp_path / "mine").read_text("utf-8") == "mine"


def test_what_is_no_export_is_bad_input(
    reviewed: Path, command: Command, contract: Path
) -> None:
    """A file that is not an export is refused by name."""
    ran = command(reviewed, "audit", "verify", str(contract))

    assert ran.code == 2
    assert str(contract) in ran.err


@pytest.mark.parametrize("word", ["verify", "show", "export"])
def test_a_log_that_does_not_exist_is_not_sound(
    used: Path, tmp_path: Path, command: Command, word: str
) -> None:
    """A log that was never begun is bad input for every command, and is never called valid."""
    file = tmp_path / "ledger.jsonl"
    arguments = [str(file)] if word == "export" else []
    ran = command(used, "audit", word, *arguments, "--log", "nope")

    assert (ran.code, ran.out) == (2, "")
    assert not file.exists()


def test_an_export_without_the_log_is_not_sound(
    used: Path, tmp_path: Path, command: Command
) -> None:
    """To verify a log that an export lacks is bad input; nothing was verified."""
    file = tmp_path / "ledger.jsonl"
    assert command(used, "audit", "export", str(file)).code == 0
    ran = command(used, "audit", "verify", str(file), "--log", "nope")

    assert (ran.code, ran.out) == (2, "")
    assert command(used, "audit", "verify", str(file), "--log", LOG).code == 0


def test_an_empty_export_is_not_sound(tmp_path: Path, command: Command) -> None:
    """A file without any log proves nothing, so it is bad input."""
    file = tmp_path / "ledger.jsonl"
    file.write_text("", "utf-8")
    ran = command(None, "audit", "verify", str(file))

    assert (ran.code, ran.out) == (2, "")
