"""What a drill does and in which order: chosen by a seed, so that it can be chosen again."""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from interlock.evals.chaos.command import Kind
from interlock.evals.chaos.site import FAULTS, Fault

Blow: TypeAlias = Literal["kill"] | Fault
#: Every other fault comes once for so many kills, and at least once
_KILLS_A_FAULT: Final = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What one drill does."""

    runs: int
    kills: int
    kind: Kind
    seed: int
    #: The faults beside kills
    faults: frozenset[Fault] = frozenset(FAULTS)
    #: URL of a PostgreSQL; without one the drill starts a server of its own
    database: str | None = None
    workers: int = 3
    concurrency: int = 4
    lease_s: int = 3

    def blows(self, possible: Collection[Fault]) -> list[Blow]:
        """Return the kills and those faults that are *possible*, in an order of chance."""
        blows: list[Blow] = ["kill"] * self.kills
        for fault in FAULTS:
            if fault in self.faults and fault in possible:
                blows += [fault] * max(1, self.kills // _KILLS_A_FAULT)
        self.dice().shuffle(blows)
        return blows

    def portions(self, blows: int) -> Iterator[int]:
        """Yield how many runs are queued before each of the *blows*, and after the last one."""
        queued = 0
        for number in range(1, blows + 2):
            due = self.runs * number // (blows + 1)
            yield due - queued
            queued = due

    def dice(self) -> random.Random:
        """Return the chance that the seed stands for."""
        return random.Random(self.seed)  # noqa: S311 - repeatable chance, no secret
