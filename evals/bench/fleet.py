"""The speed of a fleet: many governed runs in one worker, against the same graphs on stock savers.

Pairs are interleaved and each part is a process of its own, so the load of the machine falls on
both alike, and neither pays for what the other keeps in memory.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median
from typing import Any, Final, Protocol

from interlock.evals.bench.fleet_place import Database, Fleet, opened
from interlock.evals.bench.fleet_subject import Kind, Part

#: Two tenants, carried on by so many workers on PostgreSQL
_WORKERS: Final = (1, 2)


class Measures(Protocol):
    """Who measures: `interlock.evals.bench.fleet_place.Place`."""

    def carried(self, part: Part, *, workers: int = 1, tenants: int = 1) -> Fleet:
        """Let so many workers carry the part's runs on together, for so many tenants."""
        ...

    def claims(self, runs: int) -> dict[str, float]:
        """Return what a claim takes before so many queued runs, in milliseconds."""
        ...


def fleet(*, runs: int, steps: int, rounds: int, database: Database) -> dict[str, Any]:
    """Return the figures of a *database* of its own; see `figures`."""
    with opened(database) as place:
        return {
            "database": database,
            **figures(
                place,
                runs=runs,
                steps=steps,
                rounds=rounds,
                together=database == "postgres",
            ),
        }


def figures(
    place: Measures,
    *,
    runs: int,
    steps: int,
    rounds: int,
    together: bool,
) -> dict[str, Any]:
    """Return the figures of *rounds* rounds of *runs* runs at once, of so many *steps* each.

    The first figures are those of steps with an effect, the dearest; "pure" has those of steps
    without one. With *together* also those of two workers. Raises `GuardFailed` where a run does
    not end well.
    """
    part = Part(kind="stock", url="", folder="", runs=runs, steps=steps)
    kinds: tuple[Kind, ...] = ("stock", "effect", "pure")
    measured = [
        {kind: place.carried(replace(part, kind=kind)) for kind in kinds}
        for _ in range(rounds)
    ]
    return {
        "runs": runs,
        "steps": steps,
        "rounds": rounds,
        "workers": 1,
        **_against_stock("effect", measured),
        "pure": _against_stock("pure", measured),
        "claim_ms": place.claims(runs),
        "tenants": (
            _scaled(place, replace(part, kind="effect"), rounds) if together else None
        ),
    }


def _against_stock(kind: Kind, rounds: Sequence[dict[Kind, Fleet]]) -> dict[str, Any]:
    """Return the medians over the rounds, and the times of a step over all rounds."""
    pairs = [(one[kind], one["stock"]) for one in rounds]
    ours, stock = zip(*pairs, strict=True)
    return {
        "steps_per_s": _middle(one.steps_per_s for one in ours),
        "stock_steps_per_s": _middle(one.steps_per_s for one in stock),
        "ratio": _middle((one.steps_per_s / two.steps_per_s for one, two in pairs), 3),
        "step_ms": _percentiles(ours),
        "stock_step_ms": _percentiles(stock),
        "cpu_us": _middle(one.cpu_us for one in ours),
        "stock_cpu_us": _middle(one.cpu_us for one in stock),
        "server_cpu_us": _middle(one.server_us for one in ours),
        "stock_server_cpu_us": _middle(one.server_us for one in stock),
        "rss_mb": _middle(one.parts[0].rss_mb for one in ours),
        "stock_rss_mb": _middle(one.parts[0].rss_mb for one in stock),
    }


def _scaled(place: Measures, part: Part, rounds: int) -> dict[str, Any]:
    """Return the steps a second of two tenants with one worker and with two, and their ratio."""
    measured = [
        {
            number: place.carried(part, workers=number, tenants=len(_WORKERS))
            for number in _WORKERS
        }
        for _ in range(rounds)
    ]
    one, two = ([one_round[number] for one_round in measured] for number in _WORKERS)
    pairs = zip(two, one, strict=True)
    return {
        "one_worker_steps_per_s": _middle(fleet.steps_per_s for fleet in one),
        "two_workers_steps_per_s": _middle(fleet.steps_per_s for fleet in two),
        "ratio": _middle(
            (more.steps_per_s / less.steps_per_s for more, less in pairs), 3
        ),
        "one_worker_cpu_us": _middle(fleet.cpu_us for fleet in one),
        "two_workers_cpu_us": _middle(fleet.cpu_us for fleet in two),
        "one_worker_server_cpu_us": _middle(fleet.server_us for fleet in one),
        "two_workers_server_cpu_us": _middle(fleet.server_us for fleet in two),
    }


def _middle(values: Iterable[float], digits: int = 1) -> float:
    return round(median(values), digits)


def _percentiles(fleets: Sequence[Fleet]) -> dict[str, float]:
    times = sorted(
        time for one in fleets for part in one.parts for time in part.step_ms
    )
    last = len(times) - 1
    return {
        "p50": round(times[last // 2], 2),
        "p99": round(times[last * 99 // 100], 2),
    }
