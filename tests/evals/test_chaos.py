"""Drills, sampled, and that they count; `interlock chaos` does more of them, on PostgreSQL too."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from interlock.evals.chaos import nursery
from interlock.evals.chaos.agent import ASKED, KEYED, ONCE
from interlock.evals.chaos.children import Nursery
from interlock.evals.chaos.claims import Claim, claims
from interlock.evals.chaos.outside import Effect
from interlock.evals.chaos.tally import Acknowledged, Rows, tally
from interlock.runtime.errors import GuardFailed
from interlock.serving.cli.application import run_command

PATIENCE_S: Final = 60
COUNTS: Final = ("duplicates", "lost", "unrecorded", "stuck", "failed")
NONE: Final = dict.fromkeys(COUNTS, 0)
ROWS: Final = Rows(
    runs={"run": "done"},
    actions=[
        {"id": "a", "tool": KEYED, "state": "done"},
        {"id": "b", "tool": ONCE, "state": "done"},
        {"id": "c", "tool": ASKED, "state": "unknown"},
    ],
    approvals={"asked": "used"},
    asking=frozenset(),
)
KEY: Final = Effect(run_id="run", tool=KEYED, key="a")
LONE: Final = Effect(run_id="run", tool=ONCE, key="b")
EFFECTS: Final = [KEY, KEY, LONE]
TOLD: Final = Acknowledged(queued=["run"], verdicts=["asked"], turns={"run": "done"})
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def chaos(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """The command: exit code, output and errors."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["interlock", "chaos", *words, "--json"])
        code = run_command()
        return code, *capsys.readouterr()

    return run


def test_killed_workers_break_no_promise(chaos: Command) -> None:
    """Real workers are killed while they act: nothing happens twice, is lost or gets stuck, and the
    ledger says the same as the tables.
    """
    words = ("--runs", "12", "--kills", "3", "--seed", "7", "--faults", "claim")
    code, out, _ = chaos(*words)
    report = json.loads(out)

    assert code == 0, report
    assert {name: report[name] for name in COUNTS} == NONE
    assert report["ledger_ok"] is True
    assert (report["kills"], report["runs"]) == (3, {"done": 12})
    assert report["faults"] == {"kill": 3, "claim": 1}
    assert report["actions"] >= 12 * 4


@pytest.mark.parametrize(
    ("words", "why"),
    [(("--db", "oracle"), "usage"), (("--faults", "kill,fire"), "invalid")],
)
def test_a_drill_that_cannot_be_is_refused(
    chaos: Command, words: tuple[str, str], why: str
) -> None:
    """An unknown database or fault is one error, and nothing is begun."""
    code, _, err = chaos(*words)

    assert code == 2
    assert json.loads(err)["error"]["code"] == why


def test_a_drill_that_held_counts_nothing() -> None:
    """A repeated call under one key is no second effect, and an unknown action is no loss."""
    counted = tally(ROWS, EFFECTS, TOLD)

    assert {name: getattr(counted, name) for name in COUNTS} == NONE
    assert (counted.actions, counted.unknown, counted.unknown_happened) == (3, 1, 0)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("duplicates", {"effects": [*EFFECTS, LONE]}),
        ("duplicates", {"effects": [*EFFECTS, replace(KEY, key="c")]}),
        ("lost", {"effects": [KEY]}),
        ("lost", {"told": replace(TOLD, queued=["run", "another"])}),
        ("lost", {"told": replace(TOLD, verdicts=["another"])}),
        ("lost", {"rows": replace(ROWS, runs={"run": "cancelled"})}),
        ("unrecorded", {"effects": [*EFFECTS, replace(LONE, run_id="x", key="x")]}),
        ("stuck", {"rows": replace(ROWS, runs={"run": "done", "other": "held"})}),
        ("stuck", {"rows": replace(ROWS, runs={"run": "done", "other": "dead"})}),
        ("failed", {"rows": replace(ROWS, runs={"run": "done", "other": "failed"})}),
    ],
)
def test_what_breaks_a_promise_is_counted(name: str, changed: dict[str, Any]) -> None:
    """Each is counted under its own name, and under no other."""
    world: dict[str, Any] = {"rows": ROWS, "effects": EFFECTS, "told": TOLD}
    counted = tally(**(world | changed))

    assert {one: getattr(counted, one) for one in COUNTS} == NONE | {name: 1}


def test_a_dead_run_says_how_its_claims_ended() -> None:
    """What was recorded, else what took the worker, else nothing; and what the claim did."""
    happened: list[tuple[str, dict[str, Any], Any]] = [
        ("run_resumed", {"fence": 1}, None),
        ("action_decided", {"state": "started"}, None),
        ("action_ended", {"state": "done"}, None),
        ("run_resumed", {"fence": 2}, None),
        ("run_ended", {"fence": 2, "status": "held"}, {"error": "away"}),
        ("run_resumed", {"fence": 3}, None),
        ("run_ended", {"fence": 4, "status": "dead"}, None),
    ]
    entries = [
        {"body": {"event": event, **body}, "payload": payload}
        for event, body, payload in happened
    ]

    assert claims("run", entries, {("run", 1): "kill", ("other", 3): "kill"}) == [
        Claim(fence=1, ended="kill", actions=1),
        Claim(fence=2, ended="held: away"),
        Claim(fence=3, ended="nothing"),
    ]


def test_a_child_that_was_reaped_meanwhile_ends_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A second signal may come while the ends of children are told: each is told of once."""
    gone, ending = (subprocess.Popen([sys.executable, "-c", ""]) for _ in range(2))
    gone.wait()
    os.waitid(os.P_PID, ending.pid, os.WEXITED | os.WNOWAIT)
    nursery.reap({gone.pid, ending.pid})
    ending.wait()

    assert json.loads(capfd.readouterr().out) == {"ended": ending.pid, "code": 0}


async def test_a_drill_whose_children_are_told_of_no_more_ends(tmp_path: Path) -> None:
    """Nobody waits for what a process that has ended would have told."""
    async with (
        asyncio.timeout(PATIENCE_S),
        Nursery.opened(tmp_path, lease_s=0, variables={}) as begun,
    ):
        child = await begun.begin("--version")
        begun.process.kill()
        with pytest.raises(GuardFailed, match="nursery"):
            await child.ended
