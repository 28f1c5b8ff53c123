"""Commands about runs, in text and in JSON: list, show, resume, cancel, undo, erase."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]


def test_runs_are_listed(reviewed: Path, command: Command, run_id: str) -> None:
    """A list of runs shows each with its state, for whom it is and its document."""
    (row,) = command(reviewed, "run", "list", "--json").value
    text = command(reviewed, "run", "list")

    assert row.keys() == {
        "run_id",
        "status",
        "undoing",
        "agent",
        "job",
        "priority",
        "created",
        "for",
        "document",
        "risk",
        "revision",
        "needs_repin",
    }
    assert row["risk"].keys() == {"tier", "score"}
    assert (row["status"], row["for"]) == ("waiting", "ana")
    assert run_id in text.out
    assert "opera-service-agreement.pdf" in text.out


def test_a_run_is_shown(reviewed: Path, command: Command, run_id: str) -> None:
    """Showing a run says the same in text as in JSON, and succeeds whatever became of the run."""
    seen, text = (
        command(reviewed, "run", "show", run_id, "--json"),
        command(reviewed, "run", "show", run_id),
    )

    assert (seen.code, text.code) == (0, 0)
    assert seen.value["run_id"] == run_id
    assert all(
        each["category"] in text.out
        for each in seen.value["findings"]
        if len(each["category"]) < 20
    )
    assert seen.value["waiting"][0] in text.out


def test_the_time_of_people_is_shown_with_a_run(
    reviewed: Path, command: Command, run_id: str
) -> None:
    """Showing a run says what of it is spent, what is set aside, and its limit."""
    text = command(reviewed, "run", "show", run_id).out

    assert "People 0.0 min spent, 2.0 min set aside, of at most 60.0 min" in text


def test_a_run_that_waits_goes_on_waiting(
    used: Path, command: Command, run_id: str
) -> None:
    """Resuming a run before anyone has decided changes nothing: it waits for the same approval."""
    before = command(used, "run", "show", run_id, "--json").value["waiting"]
    resumed = command(used, "run", "resume", run_id, "--json")

    assert resumed.code == 3
    assert resumed.value["waiting"] == before
    assert not list(used.glob("outbox/*"))


def test_a_cancelled_run_is_over(used: Path, command: Command, run_id: str) -> None:
    """A cancelled run waits for nobody any more, cannot be resumed or approved, and leaves no
    mail.
    """
    (approval,) = command(used, "run", "show", run_id, "--json").value["waiting"]
    cancelled = command(used, "run", "cancel", run_id, "--as", "ana", "--json")
    resumed = command(used, "run", "resume", run_id)
    approved = command(
        used, "approvals", "approve", approval, "--as", "rhea", "--note", "checked"
    )

    assert (cancelled.code, cancelled.value["status"], cancelled.value["waiting"]) == (
        0,
        "cancelled",
        [],
    )
    assert (resumed.code, approved.code) == (2, 2)
    assert "cancelled" in resumed.err
    assert not list(used.glob("outbox/*"))


def test_a_run_is_cancelled_and_undone(
    used: Path, command: Command, run_id: str
) -> None:
    """What the run wrote is withdrawn through the door, newest first, and told; the ledger and the
    tables agree, and nothing is done twice.
    """
    told = command(used, "run", "cancel", run_id, "--undo", "--as", "ana")
    again = command(used, "run", "cancel", run_id, "--undo", "--as", "ana")
    view = command(used, "run", "show", run_id, "--json").value
    (record,) = command(used, "records", "list", "--json").value
    report = command(used, "run", "report", run_id)
    verified = command(used, "audit", "verify", "--state")

    assert (told.code, again.code, view["status"]) == (0, 2, "cancelled")
    undone = {effect["tool"] for effect in view["undo"]["undone"]}
    assert undone == {"records.file", "report.write"}
    assert view["undo"]["not_undone"] == []
    assert "Undone      report.write" in told.out
    assert (record["status"], view["report"], report.code) == ("withdrawn", False, 2)
    takers = [step for step in view["decisions"] if step["undoes"]]
    assert [step["reasons"][0]["code"] for step in takers] == ["granted"] * 2
    assert verified.code == 0


def test_an_ended_run_can_be_erased(used: Path, command: Command) -> None:
    """Erasing takes an administrator and an ended run; afterwards the run is shown as erased, its
    entries are listed, and the ledger verifies.
    """
    run_id = command(used, "run", "list", "--json").value[0]["run_id"]
    document = command(used, "run", "show", run_id, "--json").value["document"][
        "digest"
    ]
    early = command(used, "run", "erase", run_id)
    command(used, "run", "cancel", run_id)
    stranger = command(used, "run", "erase", run_id, "--as", "ana")
    erased = command(used, "run", "erase", run_id, "--json")

    assert (early.code, stranger.code) == (2, 4)
    assert erased.value == {"run_id": run_id, "erased": True}
    (row,) = command(used, "run", "list", "--json").value
    assert (row["status"], row["for"], row["document"], row["risk"]) == (
        "erased",
        "",
        "",
        None,
    )
    assert command(used, "run", "show", run_id, "--json").value["status"] == "erased"
    assert command(used, "run", "show", run_id).code == 0
    assert command(used, "audit", "show", run_id).code == 0
    assert command(used, "run", "report", run_id).code == 2
    assert command(used, "document", "text", document).code == 2
    assert command(used, "audit", "verify", "--json").value["valid"]
