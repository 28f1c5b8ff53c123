"""The whole benchmark, or a sample of it, spread over processes."""

import multiprocessing
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from interlock.evals.agentdojo.environment import template
from interlock.evals.agentdojo.package import SUITES, SuiteName, suites
from interlock.evals.agentdojo.plan import Stated, stated
from interlock.evals.agentdojo.postures import UNPLANNED, Name
from interlock.evals.agentdojo.shard import Measured, Order, measure
from interlock.evals.agentdojo.variants import Variant


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is asked of one part of a measurement."""

    posture: Name
    variant: Variant = "plain"
    launders: bool = True
    #: Whether it is looked at what an attack leaves of the user's task
    judges_use: bool = True
    #: Whether attacks are tried at all, or only tasks and hijacked arguments
    attacks: bool = True

    @property
    def name(self) -> str:
        """The name of the part, as cases and rates begin."""
        posture = self.posture
        return posture if self.variant == "plain" else f"{posture}, {self.variant}"


@dataclass(frozen=True, kw_only=True, slots=True)
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
    orders = list(dict.fromkeys(order for _, order in pieces))
    done = dict(zip(orders, _done(orders, draw.jobs), strict=True))
    together: dict[Wanted, Measured] = {}
    for wanted, order in pieces:
        together.setdefault(wanted, Measured()).add(done[order])
    return together


def _done(orders: list[Order], jobs: int) -> list[Measured]:
    if jobs == 1:
        return list(map(measure, orders))
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=fork) as pool:
        return list(pool.map(measure, orders))


def _orders(wanted: Wanted, draw: Draw) -> Iterator[Order]:
    """Yield one order a user task of which a pair is wanted.

    A task without a plan is the same work with planners that plan and with those that do not.
    """
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
                posture=_posture(wanted.posture, stated(name).get(user)),
                seed=draw.seed,
                injection_tasks=tuple(
                    goal for own, goal in pairs if own == user and wanted.attacks
                ),
                launders=wanted.launders,
                judges_use=wanted.judges_use,
                variant=wanted.variant,
            )


def _posture(name: Name, plan: Stated | None) -> Name:
    return name if plan is not None and plan.steps else UNPLANNED.get(name, name)


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
