"""The whole benchmark, or a sample of it, spread over processes."""

import multiprocessing
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from interlock.evals.agentdojo.environment import template
from interlock.evals.agentdojo.package import SUITES, SuiteName, suites
from interlock.evals.agentdojo.postures import Name
from interlock.evals.agentdojo.shard import Measured, Order, measure
from interlock.evals.agentdojo.variants import Variant


@dataclass(
    frozen=True,
    kw_only=True,
    slots=True,
)
class Wanted:
    """What is asked of one part of a measurement."""

    posture: Name
    variant: Variant = "plain"
    launders: bool = True
    #: Whether it is looked at what an attack leaves of the user's task
    judges_use: bool = True

    @property
    def name(self) -> str:
        """The name of the part, as cases and rates begin."""
        posture = self.posture
        return posture if self.variant == "plain" else f"{posture}, {self.variant}"


@dataclass(
    frozen=True,
    kw_only=True,
    slots=True,
)
class Draw:
    """Which pairs of user task and attack are tried, and in how many processes."""

    suites: tuple[SuiteName, ...] = SUITES
    #: Pairs in all, drawn by the seed; None for all there are
    sample: int | None = None
    seed: int = 0
    jobs: int = 1


def measured(parts: Iterable[Wanted], draw: Draw) -> dict[Wanted, Measured]:
    """Carry out the parts, and return what came of each.

    Each user task is a process's own piece. The environments are loaded before the processes part.
    """
    for name in draw.suites:
        template(name)
    pieces = [(wanted, order) for wanted in parts for order in _orders(wanted, draw)]
    orders = [order for _, order in pieces]
    if draw.jobs == 1:
        done = list(map(measure, orders))
    else:
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(draw.jobs, mp_context=fork) as pool:
            done = list(pool.map(measure, orders))
    together: dict[Wanted, Measured] = {}
    for (wanted, _), piece in zip(
        pieces,
        done,
        strict=True,
    ):
        together.setdefault(wanted, Measured()).add(piece)
    return together


def _orders(wanted: Wanted, draw: Draw) -> Iterator[Order]:
    """Yield one order a user task of which a pair is wanted."""
    for number, name in enumerate(draw.suites):
        pairs = _pairs(
            name,
            draw,
            number=number,
        )
        for user in dict.fromkeys(user for user, _ in pairs):
            yield Order(
                suite=name,
                user_task=user,
                posture=wanted.posture,
                seed=draw.seed,
                injection_tasks=tuple(goal for own, goal in pairs if own == user),
                launders=wanted.launders,
                judges_use=wanted.judges_use,
                variant=wanted.variant,
            )


def _pairs(
    name: SuiteName,
    draw: Draw,
    *,
    number: int,
) -> list[tuple[str, str]]:
    """Return the suite's pairs that are drawn; the *number* of a suite shares out what is left."""
    suite = suites()[name]
    pairs = [
        (user, goal) for user in suite.user_tasks for goal in suite.injection_tasks
    ]
    if draw.sample is None:
        return pairs
    share, left = divmod(draw.sample, len(draw.suites))
    chance = random.Random(f"{draw.seed} {name}")  # noqa: S311 - which pairs are drawn is no secret
    return chance.sample(pairs, min(share + (number < left), len(pairs)))
