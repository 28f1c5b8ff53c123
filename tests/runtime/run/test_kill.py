"""Kill -9 at every point of an action: never two effects, nothing lost, and the record stays
valid.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy import select, text

from interlock.runtime.errors import Fenced
from interlock.runtime.record.store import tables
from interlock.runtime.testing import REVIEWER, World

Ending = Literal["killed", "stopped", "exited"]


class Subject:
    """The process that forks the workers."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def told(self, order: dict[str, Any]) -> Any:
        """Send one order and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def wait(self, pid: int) -> Ending:
        """Return how the worker ended, or that it was stopped."""
        ending: Ending = self.told({"wait": pid})
        return ending


@pytest.fixture(scope="module")
def subject() -> Iterator[Subject]:
    script = Path(__file__).with_name("crash_subject.py")
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, script], text=True, **pipes) as process:  # noqa: S603 - our own interpreter and script
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Subject(process)
        assert process.stdin is not None
        process.stdin.close()


@dataclass(frozen=True, kw_only=True)
class Home:
    """One home, its workers, and what can be seen of it from outside."""

    subject: Subject
    home: Path
    url: str
    idempotent: bool
    waits: bool = False

    def begin(self, point: str = "", *, run: str | None = None) -> tuple[int, Path]:
        """Start a worker that dies at *point*; return its process and where its result will be."""
        order = {
            "home": str(self.home),
            "url": self.url,
            "idempotent": self.idempotent,
            "waits": self.waits,
        }
        pid, result = self.subject.told(order | {"point": point, "run": run})
        return pid, Path(result)

    def killed_at(self, point: str) -> str:
        """Let a worker start a run and be killed at *point*; return the run."""
        pid, result = self.begin(point)
        assert self.subject.wait(pid) == "killed"
        assert not result.exists()
        return (self.home / "run").read_text()

    def resumed(self, run: str, point: str = "") -> dict[str, Any]:
        """Let another worker claim the run and carry it to its end."""
        pid, result = self.begin(point, run=run)
        assert self.subject.wait(pid) == "exited"
        found: dict[str, Any] = json.loads(result.read_text())
        return found

    @property
    def effects(self) -> int:
        """How often the world outside was changed."""
        file = self.home / "effects"
        return len(file.read_bytes().splitlines()) if file.exists() else 0

    async def states(self) -> list[str]:
        """Return the states of the recorded actions, having verified the ledger."""
        async with World(self.home, url=self.url, clock=time.time) as world:
            assert (await world.verify()).problems == []
            return list(
                await world.store.read(
                    lambda connection: (
                        connection.execute(select(tables.action.c.state))
                        .scalars()
                        .all()
                    )
                )
            )


@pytest.fixture
def place(subject: Subject, database_url: str, tmp_path: Path) -> dict[str, Any]:
    home = tmp_path / "home"
    home.mkdir()
    return {"subject": subject, "home": home, "url": database_url}


@pytest.mark.parametrize("point", ["decided", "intended", "acted", "recorded"])
async def test_an_idempotent_effect_happens_exactly_once(
    place: dict[str, Any], point: str
) -> None:
    """Wherever the process is killed, the next one completes the run with exactly one effect."""
    home = Home(**place, idempotent=True)
    run = home.killed_at(point)
    ended = home.resumed(run)

    assert ended["status"] == "done", ended
    assert "hello" in ended["outcome"]["said"]
    assert home.effects == 1
    assert await home.states() == ["done"]


@pytest.mark.parametrize(
    ("point", "effects", "state"),
    [
        ("decided", 1, "done"),
        ("intended", 0, "unknown"),
        ("acted", 1, "unknown"),
        ("recorded", 1, "done"),
    ],
)
async def test_an_effect_that_cannot_be_repeated_never_is(
    place: dict[str, Any], point: str, effects: int, state: str
) -> None:
    """Killed between intent and outcome the effect is unknown and not tried again; else it happens
    exactly once.
    """
    home = Home(**place, idempotent=False)
    run = home.killed_at(point)
    ended = home.resumed(run)

    assert ended["status"] == "done", ended
    assert ("unknown" in ended["outcome"]["said"]) == (state == "unknown")
    assert home.effects == effects
    assert await home.states() == [state]


async def test_killed_again_and_again_it_still_ends(place: dict[str, Any]) -> None:
    """A worker killed at each point in turn leaves a run that the next one completes, with one
    effect.
    """
    home = Home(**place, idempotent=True)
    run = home.killed_at("decided")
    for point in ("intended", "acted", "recorded"):
        pid, _ = home.begin(point, run=run)
        assert home.subject.wait(pid) == "killed"
    ended = home.resumed(run)

    assert ended["status"] == "done", ended
    assert home.effects == 1
    assert await home.states() == ["done"]


async def test_a_killed_run_that_waits_is_approved_and_resumed_elsewhere(
    place: dict[str, Any],
) -> None:
    """A process dies while its run waits for a person; the verdict is given to a second, a third
    carries the run on.
    """
    home = Home(**place, idempotent=False, waits=True)
    run = home.killed_at("ended")
    assert home.effects == 0
    async with World(home.home, url=home.url, clock=time.time) as world:
        (summary,) = await world.approvals.list(state="waiting")
        approval = await world.approvals.read(summary.id)
        await world.approvals.decide(
            approval.id,
            reviewer=REVIEWER,
            verdict="approved",
            shown=approval.evidence_digest,
            note="looks right",
        )
    ended = home.resumed(run)

    assert ended["status"] == "done", ended
    assert home.effects == 1
    assert await home.states() == ["done"]


async def test_a_zombie_is_fenced(place: dict[str, Any]) -> None:
    """A worker stopped past its lease wakes up after another has finished its run: it is fenced and
    does nothing.
    """
    home = Home(**place, idempotent=False)
    pid, result = home.begin("stopped")
    assert home.subject.wait(pid) == "stopped"
    run = (home.home / "run").read_text()
    too_early = home.resumed(run)
    async with World(
        home.home, url=home.url, clock=time.time
    ) as world:  # the lease runs out
        await world.store.write(
            lambda tx: tx.connection.execute(text("UPDATE run SET lease_until = 0"))
        )
    ended = home.resumed(run)
    os.kill(pid, signal.SIGCONT)
    assert home.subject.wait(pid) == "exited"

    assert too_early["error"] == "BadInput"
    assert ended["status"] == "done", ended
    assert json.loads(result.read_text())["error"] == Fenced.__name__
    assert home.effects == 1
    assert await home.states() == ["done"]
