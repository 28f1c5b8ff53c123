"""Comparisons of two measurements of one suite, case by case and rate by rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from interlock.evals.suites.measurement import Measurement, worth
from interlock.evals.suites.suite import Became, Case
from interlock.runtime.errors import BadInput

#: What a case may become, the best first; an attack that is held is as good as work that is done
_ORDER: Final[tuple[frozenset[Became], ...]] = (
    frozenset({"held", "worked"}),
    frozenset({"asked"}),
    frozenset({"refused"}),
    frozenset({"breached"}),
    frozenset({"crashed", "timed_out"}),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """A case that became something else."""

    id: str
    before: Became
    after: Became

    @property
    def is_worse(self) -> bool:
        """Whether the later one is worse."""
        return _rank(self.after) > _rank(self.before)


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What differs."""

    suite: str
    revisions: tuple[str, str]
    #: Rate, before, after
    rates: tuple[tuple[str, str, str], ...]
    moved: tuple[Moved, ...]
    #: Cases that only one of the two has; nothing is said of them
    unshared: int

    @property
    def held(self) -> bool:
        """Whether no case became worse."""
        return not any(moved.is_worse for moved in self.moved)


def compared(before: Measurement, after: Measurement) -> Comparison:
    """Return what differs; raises `BadInput` for measurements of two suites, or of no shared case.

    Cases are the same by their id, so a sample is compared in the cases that both drew.
    """
    suites = before.result.suite, after.result.suite
    old, new = _cases(before), _cases(after)
    shared = [name for name in old if name in new]
    if suites[0] != suites[1] or not shared:
        raise BadInput(
            what=f"{suites[0]} and {suites[1]}",
            why="the measurements have no case in common",
            next_step="Compare two measurements of one suite.",
        )
    moved = (
        Moved(
            id=name,
            before=old[name].became,
            after=new[name].became,
        )
        for name in shared
    )
    return Comparison(
        suite=suites[0],
        revisions=(before.result.revision, after.result.revision),
        rates=tuple(_rates(before, after)),
        moved=tuple(one for one in moved if one.before != one.after),
        unshared=len(old.keys() ^ new.keys()),
    )


def _cases(measurement: Measurement) -> dict[str, Case]:
    return {case.id: case for case in measurement.result.cases}


def _rates(before: Measurement, after: Measurement) -> Iterator[tuple[str, str, str]]:
    old = {rate.name: worth(rate) for rate in before.result.rates}
    new = {rate.name: worth(rate) for rate in after.result.rates}
    for name in old | new:
        yield name, old.get(name, "not measured"), new.get(name, "not measured")


def _rank(became: Became) -> int:
    return next(rank for rank, some in enumerate(_ORDER) if became in some)
