"""The whole benchmark, or a sample of it, spread over processes."""

import multiprocessing
import os
import random
import time
from collections.abc import Iterable, Sequence
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
    """What is asked of one measurement."""

    posture: Name
    suites: tuple[SuiteName, ...] = SUITES
    #: Pairs of each suite, drawn by the seed; None for all
    sample: int | None = None
    seed: int = 0
    #: Every user task alone and every mutant, too, however few pairs are drawn
    all_tasks: bool = False
    launders: bool = True
    judges_use: bool = True
    variant: Variant = "plain"
    processes: int = 0


def measured(wanted: Wanted) -> Measured:
    """Carry out the measurement, and return what came of it, put together.

    Each user task is a process's own piece. The environments are loaded before the processes part.
    """
    began = time.monotonic()
    for name in wanted.suites:
        template(name)
    pieces = orders(wanted)
    processes = wanted.processes or os.cpu_count() or 1
    if processes == 1:
        parts = [measure(piece) for piece in pieces]
    else:
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(processes, mp_context=fork) as pool:
            parts = list(pool.map(measure, pieces))
    return _together(parts, elapsed_s=time.monotonic() - began)


def orders(wanted: Wanted) -> list[Order]:
    """Return one order a user task of which a pair is wanted."""
    return [order for name in wanted.suites for order in _of_suite(name, wanted)]


def _of_suite(name: SuiteName, wanted: Wanted) -> list[Order]:
    suite = suites()[name]
    pairs = [
        (user, goal) for user in suite.user_tasks for goal in suite.injection_tasks
    ]
    if wanted.sample is not None:
        chance = random.Random(f"{wanted.seed} {name}")  # noqa: S311 - which pairs are drawn is no secret
        pairs = chance.sample(pairs, min(wanted.sample, len(pairs)))
    return [
        Order(
            suite=name,
            user_task=user,
            posture=wanted.posture,
            seed=wanted.seed,
            injection_tasks=tuple(goal for own, goal in pairs if own == user),
            launders=wanted.launders,
            judges_use=wanted.judges_use,
            variant=wanted.variant,
        )
        for user in _drawn(pairs, suite.user_tasks if wanted.all_tasks else ())
    ]


def _drawn(pairs: Iterable[tuple[str, str]], tasks: Iterable[str]) -> list[str]:
    """Return the user tasks of the *pairs*, and those of *tasks* beside them."""
    return list(dict.fromkeys([*(user for user, _ in pairs), *tasks]))


def _together(parts: Sequence[Measured], *, elapsed_s: float) -> Measured:
    whole = Measured(elapsed_s=elapsed_s)
    for part in parts:
        whole.tasks += part.tasks
        whole.pairs += part.pairs
        whole.hijacks += part.hijacks
        whole.broken += part.broken
        whole.steps += part.steps
        whole.processor_s += part.processor_s
    return whole
