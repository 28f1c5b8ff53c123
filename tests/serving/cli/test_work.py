"""The work of a day: a workspace made, contracts handed in, reports and records taken along."""

import contextlib
import csv
import io
import json
import os
import re
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interlock.serving.results.cell import cell

Command = Callable[..., Any]
TERMS = "Bob shall host the site of Ann. Either party may end this with a notice of a month."


def test_the_loop_closes_in_a_new_workspace(
    tmp_path: Path, contract: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    """Made by one command, a workspace lets one ask and another approve, and the mail is sent."""
    place = tmp_path / "work"
    assert command(tmp_path, "init", str(place)).code == 0
    monkeypatch.chdir(place)
    asked = command(
        None, "review", str(contract), "--notify", "legal@example.com", "--json"
    )
    (approval,) = asked.value["waiting"]
    own = command(None, "approvals", "approve", approval, "--note", "mine")
    other = command(
        None, "approvals", "approve", approval, "--note", "ok!", "--as", "reviewer"
    )

    assert (asked.code, own.code, other.code) == (3, 4, 0)
    assert len(list((place / ".interlock" / "outbox").iterdir())) == 1
    assert command(tmp_path, "init", str(place)).code == 2


def test_settings_are_shown_with_their_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    """Every setting says where it was set, and secrets are masked."""
    (tmp_path / "interlock.toml").write_text(
        'tenant = "acme"\nopa_token = "t0ken"\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    ran = command(None, "config", "show", "--json", INTERLOCK_AUTONOMY="1")
    rows = {row["name"]: row for row in ran.value["settings"]}

    assert rows["tenant"]["origin"] == f"{tmp_path / 'interlock.toml'}:1"
    assert (rows["autonomy"]["value"], rows["autonomy"]["origin"]) == (
        1,
        "INTERLOCK_AUTONOMY",
    )
    assert rows["sender"]["origin"] == "default"
    assert "t0ken" not in ran.out + command(None, "config", "show").out


def test_a_folder_is_reviewed_and_what_is_missing_is_refused(
    home: Path, tmp_path: Path, command: Command
) -> None:
    """Each contract of a folder is reviewed; a name that is nothing makes no run and stops none."""
    folder = tmp_path / "contracts"
    folder.mkdir()
    for name in ("one.txt", "two.txt"):
        (folder / name).write_text(
            f"SERVICE AGREEMENT {name} between Ann Ltd and Bob Ltd. {TERMS}"
        )
    ran = command(home, "review", str(folder), str(tmp_path / "none.pdf"), "--json")
    lines = [json.loads(line) for line in ran.out.splitlines()]

    assert ran.code == 2
    assert [line["status"] for line in lines] == ["refused", "done", "done"]
    assert len(command(home, "run", "list", "--json").value) == 2


def test_standard_input_is_reviewed_and_not_left_behind(
    home: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    """A contract from a pipe is reviewed; once the run keeps it, no file of it is left."""
    text = io.TextIOWrapper(
        io.BytesIO(f"SERVICE AGREEMENT between Ann Ltd and Bob Ltd. {TERMS}".encode())
    )
    monkeypatch.setattr(sys, "stdin", text)
    ran = command(home, "review", "-", "--json")

    assert (ran.code, ran.value["status"]) == (0, "done")
    assert list((home / "intake").iterdir()) == []


def test_a_report_is_printed_or_written_once(
    reviewed: Path, tmp_path: Path, command: Command
) -> None:
    """The report of a run comes by the beginning of its id, and overwrites nothing."""
    (run,) = command(reviewed, "run", "list", "--json").value
    beginning = run["run_id"][:8]
    printed = command(reviewed, "run", "report", beginning)
    written = command(
        reviewed, "run", "report", beginning, "-o", str(tmp_path / "report.html")
    )

    assert (printed.code, written.code) == (0, 0)
    assert "<html" in printed.out
    assert (tmp_path / "report.html").read_text("utf-8") == printed.out
    assert command(reviewed, "run", "report", beginning, "-o", str(tmp_path)).code == 2


def test_records_are_listed_shown_and_exported(
    reviewed: Path, tmp_path: Path, command: Command
) -> None:
    """What was filed can be read, and taken along as a table."""
    (record,) = command(reviewed, "records", "list", "--json").value
    (shown,) = command(reviewed, "records", "show", record["run_id"], "--json").value
    exported = command(reviewed, "records", "export", str(tmp_path / "records.csv"))
    (row,) = csv.DictReader((tmp_path / "records.csv").read_text("utf-8").splitlines())

    assert shown == record
    assert (record["tier"], record["findings"]) == (row["tier"], int(row["findings"]))
    assert exported.code == 0
    assert (
        command(reviewed, "records", "export", str(tmp_path / "records.csv")).code == 2
    )
    assert (
        command(reviewed, "records", "export", str(tmp_path / "records.xyz")).code == 2
    )
    assert command(reviewed, "records", "show", "nothing").code == 2


def test_no_cell_of_a_table_is_a_formula() -> None:
    """The name of a document cannot make a table program calculate."""
    assert cell("=1+1") == "'=1+1"
    assert cell(5) == 5


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ((), 1),
        (("--status", "waiting"), 1),
        (("--status", "done"), 0),
        (("--status", "erased"), 0),
        (("--agent", "contract_review"), 1),
        (("--agent", "other"), 0),
        (("--since", "1h"), 1),
        (("--since", "2100-01-01"), 0),
        (("--limit", "1", "--sort", "risk"), 1),
    ],
)
def test_runs_are_filtered(
    reviewed: Path, command: Command, options: tuple[str, ...], count: int
) -> None:
    """A run is listed when every filter fits."""
    assert len(command(reviewed, "run", "list", *options, "--json").value) == count


@pytest.mark.parametrize(
    "options", [("--status", "odd"), ("--since", "soon"), ("--limit", "0")]
)
def test_a_filter_that_is_none_is_refused(
    reviewed: Path, command: Command, options: tuple[str, ...]
) -> None:
    """A status, a date or a number that cannot be is bad input."""
    assert command(reviewed, "run", "list", *options).code == 2


def test_engaged_switches_are_shown(used: Path, command: Command) -> None:
    """Whoever asks sees which switches are engaged and since when, and a script sees one by 3."""
    before = command(used, "kill", "show")
    command(used, "kill", "engage", "all")
    after = command(used, "kill", "show", "--json")

    assert (before.code, after.code) == (0, 3)
    assert [(row["scope"], row["id"]) for row in after.value] == [("all", "")]


def test_the_ledger_is_shown_with_time_and_person(
    reviewed: Path, command: Command
) -> None:
    """Each line of the list says when it was, and for whom."""
    text = command(reviewed, "audit", "show").out

    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d .* ana .*mail.send", text)


def test_an_approval_names_run_risk_report_and_evidence(
    reviewed: Path, command: Command
) -> None:
    """A reviewer sees what the verdict is about, and the command that binds it to the evidence."""
    (approval,) = command(reviewed, "approvals", "list", "--json").value
    text = command(reviewed, "approvals", "show", approval["id"]).out

    for word in (
        approval["run_id"],
        "Risk ",
        "legal@example.com",
        "interlock run report",
    ):
        assert word in text
    evidence = command(reviewed, "approvals", "show", approval["id"], "--json").value
    assert f"--evidence {evidence['evidence_digest']}" in text


def test_a_home_that_cannot_be_written_is_said_to_be_so(
    home: Path, command: Command
) -> None:
    """Without write access nothing is begun, and the cause is named."""
    if os.geteuid() == 0:
        place = Path("/proc/interlock")  # not even root can write there
    else:
        home.chmod(0o500)
        place = home
    ran = command(place, "run", "list")

    assert ran.code == 5
    assert str(place) in ran.err


def test_a_clearance_that_is_missing_is_named(used: Path, command: Command) -> None:
    """Whoever may not send data somewhere is told the setting that says so."""
    (approval,) = command(used, "approvals", "list", "--json").value
    verdict = (
        "approvals",
        "approve",
        approval["id"],
        "--as",
        "rhea",
        "--note",
        "checked",
    )
    ran = command(used, *verdict, INTERLOCK_CLEARANCES="other.example=public")

    assert ran.code == 4
    assert "[clearances]" in ran.out


@pytest.mark.parametrize(
    "damage", ["DROP TABLE action", "UPDATE run SET label = CAST(x'ff' AS TEXT)"]
)
def test_a_changed_database_is_called_changed(
    used: Path, command: Command, damage: str
) -> None:
    """A table that is gone and a value of another type are tampering, not a full disk."""
    (run,) = command(used, "run", "list", "--json").value
    with contextlib.closing(sqlite3.connect(used / "interlock.db")) as connection:
        connection.execute(damage)
        connection.commit()
    ran = command(used, "run", "show", run["run_id"], "--json")
    error = json.loads(ran.err)["error"]

    assert (ran.code, error["code"]) == (5, "tampered")
    assert "audit verify" in error["message"]


@pytest.mark.parametrize("url", ["mysql://ann:s3cret@host/db", "nonsense"])
def test_a_database_of_another_kind_is_refused(
    home: Path, command: Command, url: str
) -> None:
    """Only SQLite and PostgreSQL are databases here; a password is not repeated."""
    ran = command(home, "run", "list", INTERLOCK_DATABASE=url)

    assert ran.code == 2
    assert "INTERLOCK_DATABASE" in ran.err
    assert "s3cret" not in ran.err


def test_a_list_of_approvals_that_was_cut_says_so(used: Path, command: Command) -> None:
    """Whoever sees as many as were asked for is told how to see more."""
    cut = command(used, "approvals", "list", "--limit", "1")
    whole = command(used, "approvals", "list", "--limit", "2")

    assert ("--limit 10" in cut.out, "--limit" in whole.out) == (True, False)
