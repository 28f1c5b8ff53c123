"""Steering: several workers count the runs of a rollout, and take each decision once."""

import asyncio
from pathlib import Path
from typing import Final

from tests.serving.operations.test_rollouts import Place, place

from interlock.runtime.run.rollout import Plan
from interlock.serving.rollout.steering import Steering

SWITCH: Final = Plan(kind="blue_green", steps=(0, 100), least_runs=2, hold_s=3_600)
HALF: Final = Plan(steps=(50, 100), least_runs=30)


async def _ended(here: Place, number: int) -> None:
    """Let so many reviews end, each in the home of its release, while nobody steers."""
    for run in await here.begin(number):
        home = here.control if run.release != here.name else here.candidate
        await home.runtime.resume(run.id)


async def _steered(here: Place) -> None:
    """Let two workers, each with a database connection of its own, decide at the same time."""
    workers = [Steering(home.runtime) for home in (here.control, here.candidate)]
    await asyncio.gather(*(worker.settle() for worker in workers))


async def test_two_workers_take_one_decision(tmp_path: Path, database_url: str) -> None:
    """The switch to all runs stands in the ledger once, with its release, whichever of the two
    workers came first; the other one decides nothing and is in no trouble.
    """
    async with place(tmp_path / "home", database=database_url) as here:
        begun = await here.start(SWITCH)
        await _ended(here, 3)
        await _steered(here)
        hows = await here.hows()
        in_force = await here.control.runtime.releases.in_force()

    assert hows == ["started", "advanced"]
    assert in_force == begun.candidate


async def test_two_workers_count_each_run_once(
    tmp_path: Path, database_url: str
) -> None:
    """However the two meet, the figures of both releases hold every run that ended, once."""
    async with place(tmp_path / "home", database=database_url) as here:
        await here.start(HALF)
        for _ in range(3):
            await _ended(here, 2)
            await _steered(here)
        standing = await here.standing()
        hows = await here.hows()

    runs = standing.figures["runs"]
    assert isinstance(runs, dict)
    assert runs["control"] + runs["canary"] == 6
    assert hows == ["started", "held", "held", "held"]
