"""Restores: databases put back at random, and whether anything acts a second time.

    python -m interlock.evals.restore [--trials 200] [--seed 7] [--json]

A trial lets runs of a tool that must act once be asked for, approved and done, and copies the file
of the database at every commit. Then it puts one of the copies back, or deletes SQLite's log, or
both, and does all that people can do to have everything done again: before a recovery, and after.
Exits 0 when nothing acted twice and every loss was recognised, else 1.
"""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from sqlalchemy import text

from interlock.runtime.door.outcome import Waiting
from interlock.runtime.errors import InterlockError, RolledBack
from interlock.runtime.record.events import EVERY, HOME, Event
from interlock.runtime.record.store import Tx
from interlock.runtime.run import recovery
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.run import Run
from interlock.runtime.testing import REVIEWER, Effects, StaticPoint, World

Loss: TypeAlias = Literal["copy", "log", "both"]
TOOL: Final = "mail.send"
RUNS: Final = 3
_NOTE: Final = "the disk was restored"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What became of one loss."""

    loss: Loss
    #: Whether the database lost anything that was committed
    is_older: bool
    #: Whether that was said before anything else was done
    is_recognised: bool
    #: Effects that happened more than once
    twice: int
    #: Problems of the ledger after the recovery
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing acted twice, and a loss was recognised where there was one."""
        return (
            self.twice == 0
            and self.is_recognised == self.is_older
            and not self.problems
        )


@dataclass(kw_only=True)
class _Story:
    """A home in which runs act, with a copy of its database at each commit."""

    folder: Path
    dice: random.Random
    effects: Effects = field(default_factory=Effects)
    runs: list[str] = field(default_factory=list)
    copies: int = 0

    @property
    def file(self) -> Path:
        return self.folder / "interlock.db"

    def world(self) -> World:
        tool = self.effects.tool(TOOL, "irreversible")
        point = StaticPoint(effects={TOOL: "permit"}, waiting=frozenset({TOOL}))
        return World(self.folder, tools=[tool], pdp=point)

    async def live(self) -> None:
        """Start runs, ask, approve and act, in an order of chance."""
        async with self.world() as world:
            world.store.attach(observers=[self._copy])
            open_runs = [await world.start() for _ in range(RUNS)]
            self.runs = [run.id for run in open_runs]
            while open_runs:
                run = self.dice.choice(open_runs)
                if not await self._step(world, run):
                    open_runs.remove(run)

    async def _step(self, world: World, run: Run) -> bool:
        """Carry one run a step on and say whether it goes on."""
        outcome = await _send(world, run)
        await world.store.durable(run.claim)
        if isinstance(outcome, Waiting):
            await _approve(world, outcome.approval_id)
            return True
        if self.dice.random() < 0.5:  # noqa: PLR2004 - a coin
            await world.runs.end(run, "done", {})
        return False

    def _copy(self, _: tuple[Event, ...]) -> None:
        """Keep the files of the database as they stand after a commit."""
        target = self.folder / f"copy-{self.copies}"
        target.mkdir()
        for path in self.folder.glob("interlock.db*"):
            shutil.copy(path, target)
        self.copies += 1

    def lose(self, loss: Loss) -> None:
        """Put a copy back, or lose SQLite's log, or both."""
        newest = self.copies - 1
        number = newest if loss == "log" else self.dice.randrange(self.copies)
        for path in self.folder.glob("interlock.db*"):
            path.unlink()
        for path in (self.folder / f"copy-{number}").iterdir():
            is_log = path.suffix != ".db"
            if not (is_log and loss in {"log", "both"}):
                shutil.copy(path, self.folder)


async def _send(world: World, run: Run) -> object:
    arguments = {"text": run.id}
    return await world.pep.enforce(run, tool=TOOL, arguments=arguments, call_id="1")


async def _approve(world: World, approval: str) -> None:
    shown = (await world.approvals.read(approval)).evidence_digest
    await world.approvals.decide(
        approval,
        reviewer=REVIEWER,
        verdict="approved",
        shown=shown,
        note=_NOTE,
    )


async def _insist(story: _Story) -> bool:
    """Try all that people can do in a process of its own; say whether the loss was recognised."""
    is_recognised = False
    async with story.world() as world:
        attempts = [_turn_on_and_off(world)]
        attempts += [_push(world, run_id) for run_id in story.runs for _ in range(2)]
        for attempt in attempts:
            try:
                await attempt
            except RolledBack:
                is_recognised = True
            except InterlockError:
                continue  # the run ended, or is none any more
    return is_recognised


async def _turn_on_and_off(world: World) -> None:
    """Record something that belongs to no run."""
    switches = KillSwitches(world.store)
    await switches.engage("tool", "another", by="ada")
    await switches.release("tool", "another", by="ada")


async def _push(world: World, run_id: str) -> None:
    """Approve what waits, claim the run and have it act."""
    for one in await world.approvals.list(state="waiting"):
        await _approve(world, one.id)
    run = await world.runs.claim(run_id)
    try:
        await _send(world, run)
        await world.store.durable(run.claim)
    finally:
        world.runs.give_back(run)


async def _recover(world: World) -> None:
    gaps = await world.store.read(world.ledger.gaps)

    def work(tx: Tx) -> None:
        world.vault.key(tx.connection, HOME)
        recovery.recover(tx, world.vault, gaps, by="ada", note=_NOTE)

    if gaps:
        logs = {HOME, EVERY, *(gap.log for gap in gaps)}
        await world.store.write(work, logs=logs)
        await KillSwitches(world.store).release("all", "", by="ada")


async def trial(folder: Path, *, seed: int) -> Trial:
    """Let a home live, lose a part of its record, insist, recover, and insist again."""
    dice = random.Random(seed)  # noqa: S311 - repeatable chance, no secret
    story = _Story(folder=folder, dice=dice)
    await story.live()
    loss: Loss = dice.choice(("copy", "log", "both"))
    before = await _entries(story)
    story.lose(loss)
    is_older = await _entries(story) != before
    is_recognised = await _insist(story)
    async with story.world() as world:
        await _recover(world)
    await _insist(story)
    async with story.world() as world:
        problems = (await world.verify()).problems
    done = story.effects.done
    return Trial(
        loss=loss,
        is_older=is_older,
        is_recognised=is_recognised,
        twice=len(done) - len(set(done)),
        problems=tuple(problem.code for problem in problems),
    )


async def _entries(story: _Story) -> int:
    """Return how many entries the database has, without writing anything."""
    async with story.world() as world:
        count = text("SELECT count(*) FROM ledger_entry")
        return await world.store.read(
            lambda connection: int(connection.execute(count).scalar_one())
        )


def trials(count: int, *, seed: int) -> list[Trial]:
    """Run *count* trials, each in a folder that is removed afterwards."""
    done = []
    for number in range(count):
        with tempfile.TemporaryDirectory(prefix="interlock-restore-") as folder:
            done.append(asyncio.run(trial(Path(folder), seed=seed + number)))
    return done


def summary(done: list[Trial]) -> dict[str, object]:
    """Return the counts, and every trial that is not as it must be."""
    return {
        "trials": len(done),
        "older": sum(one.is_older for one in done),
        "recognised": sum(one.is_recognised for one in done),
        "twice": sum(one.twice for one in done),
        "failed": [asdict(one) for one in done if not one.ok],
    }


def main() -> int:
    """Run the trials that the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = summary(trials(options.trials, seed=options.seed))
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name}: {value}")
    return 1 if figures["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
