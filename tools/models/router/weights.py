"""Weights: how the runs of one installation are divided among the models behind each name."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, TypeAlias

from interlock.runtime.door.target import Caller

_RANGE: Final = 1 << 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """Alias -> candidate -> weight; plain numbers, as a release states them.

    A candidate that is not named has weight 0: it is never first, and answers only when the others
    do not.
    """

    by_alias: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def of(self, alias: str) -> Mapping[str, int] | None:
        """Return the weights of the candidates of *alias*; None where nothing is said of it."""
        return self.by_alias.get(alias)


#: Returns the weights that a run keeps to; None for those of the settings
WeightsOf: TypeAlias = Callable[[Caller], Weights | None]


def ranked(weights: Mapping[str, int], *, tenant: str, run_id: str) -> list[str]:
    """Return the names in the order in which one run prefers them; always the same for that run.

    Over many runs each name comes first as often as its weight says (weighted rendezvous hashing),
    and a name whose weight grows keeps every run that it has. Names of weight 0 come last, in their
    own order.
    """

    def distance(name: str) -> float:
        weight = weights[name]
        if weight <= 0:
            return math.inf
        return -math.log(_share(f"{tenant}\n{run_id}\n{name}")) / weight

    return sorted(weights, key=distance)


def _share(text: str) -> float:
    """Return a number above 0 and up to 1 that is as good as chosen by chance for *text*."""
    number = int.from_bytes(sha256(text.encode()).digest()[:8])
    return (number + 1) / _RANGE
