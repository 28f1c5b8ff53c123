"""The commands of a job: submitted, watched, paused, let go on, tried again, by people at a
terminal and by scripts.
"""

import getpass
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interlock.serving.cli import batch_look, progress

Command = Callable[..., Any]
TERMS = "Bob shall host the site of Ann. Either party may end this with a notice of a month."


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest of two contracts and of a file that is none."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(
            f"SERVICE AGREEMENT {name} between Ann Ltd and Bob Ltd. {TERMS}"
        )
    (tmp_path / "c.pdf").write_bytes(b"")
    file = tmp_path / "batch.csv"
    file.write_text("path,party\na.txt,Ann Ltd\nb.txt,\nc.pdf,\n")
    return file


class Terminal(io.StringIO):
    """A person at a terminal, who types what it holds."""

    def isatty(self) -> bool:
        """Say that a person is there."""
        return True


def test_a_no_submits_nothing(
    home: Path, manifest: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is asked and says no, and whoever cannot be asked, has changed nothing."""
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    asked = command(home, "batch", "submit", str(manifest))
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    script = command(home, "batch", "submit", str(manifest), "--json")

    assert asked.code not in {0, 1}
    assert "3 documents" in asked.err
    assert json.loads(script.err)["error"]["code"] == "unconfirmed"
    assert command(home, "batch", "list", "--json").value == []
    assert command(home, "run", "list", "--json").value == []


def test_a_job_goes_from_a_manifest_to_its_results(
    home: Path, manifest: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A yes submits; a paused job waits until it is resumed; its runs name it; what failed is tried
    again; the results are written.
    """
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    submit = ("batch", "submit", str(manifest), "--priority", "7", "--json")
    submitted = command(home, *submit).value
    job = submitted["job"]
    assert (len(submitted["runs"]), len(submitted["skipped"])) == (2, 1)

    paused = command(home, "batch", "pause", job, "--json")
    idle = command(home, "worker", "--until-idle")
    watched = command(home, "batch", "show", job, "--watch")
    assert (paused.value["status"], idle.out) == ("paused", "")
    assert f"{job}: paused, 1 of 3 over (2 queued, 1 failed)" in watched.err

    rows = command(home, "run", "list", "--json").value
    shown = command(home, "run", "show", rows[0]["run_id"])
    assert [(row["job"], row["priority"]) for row in rows] == [(job, 7), (job, 7)]
    assert f"{job}, priority 7" in shown.out
    assert f"{job}, priority 7" in command(home, "run", "list").out

    resumed = command(home, "batch", "resume", job[:8], "--json")
    worked = command(home, "worker", "--once", "--concurrency", "4")
    again = command(home, "batch", "retry", job, "--json")
    assert (resumed.value["status"], worked.code) == ("open", 0)
    assert again.value["counts"] == resumed.value["counts"] | {"queued": 0, "done": 2}

    file = home / "results.jsonl"
    written = command(home, "batch", "results", job, "-o", str(file), "--json")
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert written.value == {"file": str(file), "documents": 3}
    assert [line["status"] for line in lines] == ["done", "done", "failed"]


def test_a_job_without_budget_says_who_began_it_and_how_to_raise_it(
    home: Path, manifest: Path, command: Command
) -> None:
    """Its runs are held, and each names the command that lets it go on."""
    submit = ("batch", "submit", str(manifest), "--budget", "effects=1", "--yes")
    job = command(home, *submit, "--json").value["job"]
    worked = command(home, "worker", "--until-idle")
    shown = command(home, "batch", "show", job, "--json").value
    text = command(home, "batch", "show", job).out
    held = [item for item in shown["items"] if item["status"] == "held"]

    assert worked.code == 5
    assert shown["by"] == getpass.getuser()
    assert (shown["limits"], shown["spend"]["effects"]) == ({"effects": 1}, 1)
    assert len(held) == 2
    assert all(f"budget raise {job} effects" in item["why"] for item in held)
    assert f"budget raise {job}" in " ".join(text.split())


async def test_whoever_watches_is_told_what_changes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line stands for each change, with rate and time left, until nothing of the job goes on."""
    monkeypatch.setattr(progress, "_EVERY_S", 0.01)
    states = [("open", 0), ("open", 0), ("open", 1), ("done", 2)]
    jobs = [
        {
            "job": "job-1",
            "status": status,
            "over": over,
            "documents": 2,
            "counts": {"done": over},
            "skipped": 0,
        }
        for status, over in states
    ]
    reading = iter(jobs)

    async def read() -> dict[str, Any]:
        return next(reading)

    assert await progress.watched(read, line=batch_look.line) == jobs[-1]
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(";")[0] for line in lines] == [
        "job-1: open, 0 of 2 over (nothing yet)",
        "job-1: open, 1 of 2 over (1 done)",
        "job-1: done, 2 of 2 over (2 done)",
    ]
    assert [line.endswith("s left") for line in lines] == [False, True, True]
