"""One drill: processes spend and are killed, others take their places, and all is added up."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from interlock.evals.spending import tree
from interlock.evals.spending.journal import Journals, read
from interlock.evals.spending.spender import END, Order
from interlock.runtime.record.spend import of_tenant
from interlock.runtime.record.store.statement import Row
from interlock.runtime.testing import World

#: Spenders of one run
_TO_A_RUN: Final = 4
#: What a run may spend, and how much more for every kill
_ROOM: Final = 150
_ROOM_A_KILL: Final = 50
#: What a process has written before it may be killed
_BYTES: Final = 600
#: Seconds that a process has to get there, and all to be refused at every level
_WITHIN_S: Final = 120
_LOOK_S: Final = 0.02
_REST_S: Final = 0.2
#: Seconds of chance before a kill
_SPREAD_S: Final = 0.2
_SERVE: Final = "from interlock.evals.spending.spender import serve; serve()"


@dataclass(kw_only=True)
class Report:
    """What came of one drill."""

    spenders: int
    processes: int
    kills: int = 0
    #: Charges and settlements that were answered, and those that a kill left open
    answered: int = 0
    unanswered: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    spent: int = 0
    reserved: int = 0
    #: By how much budgets of each level ever stood beyond their limits
    overshoot: dict[str, int] = field(default_factory=dict)
    #: Amounts of jobs and the tenant that are not the sum of those below
    unequal: int = 0
    #: What runs hold and no reservation says, or the other way round
    unreserved: int = 0
    #: What was answered and is not spent, and what is spent and nobody asked for
    lost: int = 0
    unasked: int = 0
    #: Processes that ended with an error
    failed: int = 0
    problems: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def held(self) -> bool:
        """Whether no limit was passed and every sum agrees, with every level put to the test."""
        wrong = (
            self.unequal,
            self.unreserved,
            self.lost,
            self.unasked,
            self.failed,
            *self.overshoot.values(),
        )
        tested = self.refused.keys() == set(tree.LEVELS)
        return tested and not any(wrong) and not self.problems


@dataclass(kw_only=True)
class _Crew:
    """The processes at work; made by `_crew`."""

    server: "subprocess.Popen[str]"
    order: Order
    folder: Path
    #: The processes by the file that each one writes
    living: dict[Path, int] = field(default_factory=dict)
    _begun: int = 0

    def begin(self) -> None:
        """Start one more process."""
        self._begun += 1
        journal = self.folder / f"journal-{self._begun}"
        journal.touch()
        order = asdict(self.order) | {"journal": str(journal), "seed": self._begun}
        self.living[journal] = int(self._asked(json.dumps(order)))

    def kill(self, journal: Path) -> None:
        """Kill the process in the middle of whatever it is doing."""
        os.kill(
            self.living.pop(journal),
            signal.SIGKILL,
        )

    def end(self) -> int:
        """Let all come to their end, and return how many failed."""
        (self.folder / END).touch()
        told, _ = self.server.communicate()
        return int(told)

    def _asked(self, line: str) -> str:
        if self.server.stdin is None or self.server.stdout is None:
            raise TypeError("the process needs pipes")
        self.server.stdin.write(f"{line}\n")
        self.server.stdin.flush()
        return self.server.stdout.readline()


async def drill(
    url: str, folder: Path, *, spenders: int, processes: int, kills: int
) -> Report:
    """Return what came of so many kills on the empty database at *url*."""
    began = time.monotonic()
    outcome = Report(
        spenders=spenders,
        processes=processes,
    )
    runs = max(
        tree.SMALLEST,
        spenders // _TO_A_RUN,
    )
    room = _ROOM + _ROOM_A_KILL * kills
    planting = partial(
        tree.plant,
        runs=runs,
        room=room,
    )
    async with World(
        folder / "home",
        url=url,
        clock=time.time,
    ) as world:
        await world.store.write(
            planting,
            logs=(tree.TENANT,),
        )
        order = Order(
            url=url,
            journal="",
            spenders=-(-spenders // processes),
            runs=runs,
            seed=0,
        )
        with _crew(
            order,
            folder,
        ) as crew:
            for _ in range(processes):
                crew.begin()
            await _disturb(
                world,
                crew,
                outcome,
                kills,
            )
            outcome.failed = await asyncio.to_thread(crew.end)
        await _add_up(
            world,
            outcome,
            read(folder),
        )
    outcome.seconds = round(
        time.monotonic() - began,
        1,
    )
    return outcome


@contextmanager
def _crew(order: Order, folder: Path) -> Iterator[_Crew]:
    server = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-c", _SERVE],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    crew = _Crew(
        server=server,
        order=order,
        folder=folder,
    )
    try:
        yield crew
    finally:
        if server.poll() is None:
            for process in crew.living.values():
                os.kill(
                    process,
                    signal.SIGKILL,
                )
            server.communicate()


async def _disturb(world: World, crew: _Crew, outcome: Report, kills: int) -> None:
    """Kill one process after the other, and go on until every level has refused somebody."""
    chance = random.Random(0)  # noqa: S311 - no secret
    for _ in range(kills):
        journal = chance.choice(sorted(crew.living))
        await _written(journal)
        await asyncio.sleep(
            chance.uniform(
                0,
                _SPREAD_S,
            )
        )
        crew.kill(journal)
        outcome.kills += 1
        crew.begin()
        _beyond(
            outcome,
            await world.store.read(tree.rows),
        )
    for journal in crew.living:
        await _written(journal)
    # Without a refusal at every level the report says that the drill has not held.
    with suppress(TimeoutError):
        async with asyncio.timeout(_WITHIN_S):
            await _refused(crew.folder)


async def _refused(folder: Path) -> None:
    """Return when somebody was refused at every level."""
    while read(folder).refused.keys() != set(tree.LEVELS):  # noqa: ASYNC110 - other processes write
        await asyncio.sleep(_REST_S)


async def _written(journal: Path) -> None:
    """Return when a process has got somewhere; raises `TimeoutError` if it does not."""
    async with asyncio.timeout(_WITHIN_S):
        while journal.stat().st_size < _BYTES:  # noqa: ASYNC110, ASYNC240 - as above
            await asyncio.sleep(_LOOK_S)


async def _add_up(world: World, outcome: Report, journals: Journals) -> None:
    budgets = await world.store.read(tree.rows)
    _beyond(
        outcome,
        budgets,
    )
    outcome.unequal = tree.unequal(budgets)
    outcome.unreserved = await world.store.read(tree.unreserved)
    spent = {row["id"]: row[f"spent_{tree.KIND}"] for row in budgets}
    outcome.lost, outcome.unasked = journals.against(spent)
    outcome.spent = spent[of_tenant(tree.TENANT)]
    outcome.reserved = sum(
        row[f"reserved_{tree.KIND}"] for row in budgets if row["level"] == "run"
    )
    outcome.answered, outcome.unanswered = journals.answered, journals.unanswered
    outcome.refused = dict(journals.refused)
    problems = (await world.verify()).problems
    outcome.problems = dict(Counter(problem.code for problem in problems))


def _beyond(outcome: Report, budgets: Sequence[Row]) -> None:
    """Keep the most by which each level stood beyond its limits."""
    for level, amount in tree.overshoot(budgets).items():
        outcome.overshoot[level] = max(
            amount,
            outcome.overshoot.get(
                level,
                0,
            ),
        )
