"""Stale writers: two processes take one run from each other, and both go on saving checkpoints.

    python -m interlock.evals.forks [--attempts 1000] [--database URL] [--json]

Each process claims the same runs again and again, as if the other one were dead, saves checkpoints
until it is fenced, and then a few more. A fork is a checkpoint with two accepted children: the work
of a stale writer stands beside the work of the rightful one. Exits 1 when there is a fork, or when
the ledger does not verify. The database must be empty and is written to.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from langgraph.checkpoint.base import empty_checkpoint
from sqlalchemy import make_url

from interlock.evals import report
from interlock.runtime.errors import Fenced
from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.run import claim
from interlock.runtime.run.run import Run
from interlock.runtime.testing import World

#: Runs that the two processes fight over at a time
_RUNS: Final = 32
#: What a writer still tries after it was fenced
_STALE: Final = 3
#: Seconds that a writer rests after a checkpoint: else one process keeps the other waiting
_REST_S: Final = 0.02
_PROCESSES: Final = 2


@dataclass(kw_only=True)
class Report:
    """What came of the race."""

    #: The kind of database
    database: str
    attempts: int = 0
    accepted: int = 0
    refused: int = 0
    #: Checkpoints that have more than one accepted child
    forks: int = 0
    #: How often a run was taken over
    claims: int = 0
    problems: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def held(self) -> bool:
        """Whether nobody wrote beside the rightful owner, and both wrote."""
        return not self.forks and not self.problems and self.refused > 0


@dataclass(kw_only=True)
class _Writer:
    """One process: what it was told of every checkpoint that it tried to save."""

    world: World
    attempts: int
    claims: int = 0
    refused: int = 0
    #: Run, parent and id of each checkpoint that was accepted
    accepted: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def _is_done(self) -> bool:
        return len(self.accepted) + self.refused >= self.attempts

    async def take(self, run_id: str) -> Run:
        """Claim the run, whoever has the run now."""
        self.claims += 1
        return await self.world.runs.claim(run_id)

    async def fight(self, run: Run) -> None:
        """Save until fenced and a little longer, and take the run again."""
        while not self._is_done:
            key = self.world.vault.known(run.id)
            saver = Checkpoints(store=self.world.store, key=key, run=run)
            newest = await saver.aget_tuple(_place(run))
            parent = newest.checkpoint["id"] if newest else ""
            stale = 0
            while stale < _STALE and not self._is_done:
                checkpoint = empty_checkpoint()
                try:
                    await saver.aput(
                        _place(run, parent),
                        checkpoint,
                        {"source": "loop", "step": 1},
                        {},
                    )
                except Fenced:
                    stale += 1
                    self.refused += 1
                else:
                    self.accepted.append((run.id, parent, checkpoint["id"]))
                    parent = checkpoint["id"]
                    await asyncio.sleep(_REST_S)
            self.world.runs.give_back(run)
            run = await self.take(run.id)


def _place(run: Run, checkpoint: str = "") -> Any:
    return {
        "configurable": {
            "thread_id": run.id,
            "checkpoint_ns": "",
            "checkpoint_id": checkpoint,
        }
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the race, print what came of it on standard output, and return the exit code."""
    parser = report.parser("Let two processes save checkpoints of the same runs.")
    parser.add_argument("--attempts", type=int, default=1_000, help="by both together")
    parser.add_argument(
        "--database", help="an empty database by its URL, not a new file of SQLite"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        url = options.database or f"sqlite:///{folder / 'forks.db'}"
        outcome = asyncio.run(race(url, folder, attempts=options.attempts))
    return report.tell(outcome, as_json=options.json)


async def race(url: str, folder: Path, *, attempts: int) -> Report:
    """Return what came of so many attempts on the empty database at *url*."""
    began = time.monotonic()
    async with World(folder, url=url, clock=time.time) as world:
        runs = [(await world.start()).id for _ in range(_RUNS)]
        told = await asyncio.to_thread(_fought, url, folder, runs, attempts)
        problems = (await world.verify()).problems
    children = Counter(
        (run_id, parent) for one in told for run_id, parent, _ in one["accepted"]
    )
    accepted = sum(len(one["accepted"]) for one in told)
    refused = sum(one["refused"] for one in told)
    return Report(
        database=make_url(url).get_backend_name(),
        attempts=accepted + refused,
        accepted=accepted,
        refused=refused,
        forks=sum(number > 1 for number in children.values()),
        claims=sum(one["claims"] for one in told),
        problems=dict(Counter(problem.code for problem in problems)),
        seconds=round(time.monotonic() - began, 1),
    )


def _fought(url: str, folder: Path, runs: list[str], attempts: int) -> list[Any]:
    """Let the processes fight from one moment on, and return what each was told."""
    order = json.dumps([url, str(folder), runs, attempts // _PROCESSES])
    fighters = [_Fighter.begun(order) for _ in range(_PROCESSES)]
    for fighter in fighters:
        fighter.hear()
    for fighter in fighters:
        fighter.tell("now")
    return [fighter.last() for fighter in fighters]


@dataclass(frozen=True, kw_only=True)
class _Fighter:
    """One process as the race sees it; a line of JSON is told and heard at a time."""

    process: "subprocess.Popen[str]"

    @classmethod
    def begun(cls, order: str) -> "_Fighter":
        command = [sys.executable, "-c", "from interlock.evals.forks import be; be()"]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        fighter = cls(process=subprocess.Popen(command, text=True, **pipes))  # noqa: S603 - ours
        fighter.tell(order)
        return fighter

    def tell(self, line: str) -> None:
        if self.process.stdin is not None:
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()

    def hear(self) -> Any:
        line = self.process.stdout.readline() if self.process.stdout else ""
        return json.loads(line)

    def last(self) -> Any:
        """Hear the last line, and wait for the end of the process."""
        told = self.hear()
        self.process.communicate()
        return told


def be() -> None:
    """Be one of the processes: orders come by standard input, what was told goes out."""
    url, folder, runs, attempts = json.loads(sys.stdin.readline())
    # Each process takes the other for dead: the fence alone decides.
    setattr(claim, "may_live", lambda *_, **__: False)  # noqa: B010 - in this process only
    told = asyncio.run(_be(url, Path(folder), runs, attempts))
    print(json.dumps(told), flush=True)


async def _be(url: str, folder: Path, runs: list[str], attempts: int) -> dict[str, Any]:
    async with World(folder, url=url, clock=time.time) as world:
        writer = _Writer(world=world, attempts=attempts)
        # Both own every run when the fight begins: one of the two is stale from the first save on,
        # even where the other process gets no turn before this one is done.
        taken = [await writer.take(run_id) for run_id in runs]
        print("{}", flush=True)
        sys.stdin.readline()
        await asyncio.gather(*(writer.fight(run) for run in taken))
    return {
        "accepted": writer.accepted,
        "refused": writer.refused,
        "claims": writer.claims,
    }


if __name__ == "__main__":
    sys.exit(main())
