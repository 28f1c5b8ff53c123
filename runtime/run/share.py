"""Fair shares: whose runs the free places of a worker go to.

Each place goes to the tenant that has the fewest runs at work for its weight, and among equals to
the one that was given the fewest for its weight so far; so a share holds for one place as well as
for many. No tenant gets more places than its concurrency.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What one tenant gets of the workers."""

    #: Twice the weight is twice the places
    weight: int = 1
    #: At most so many runs at work at a time, in all workers together; None for any number
    concurrency: int | None = None


EQUAL: Final = Share()


@dataclass(kw_only=True, slots=True)
class FairShares:
    """Gives out places; remembers what each tenant was given, as long as the worker lives."""

    shares: Mapping[str, Share] = field(default_factory=dict)
    _given: dict[str, Fraction] = field(default_factory=dict)

    def of(self, tenant: str) -> Share:
        """Return the share of *tenant*."""
        return self.shares.get(tenant, EQUAL)

    def give(
        self, places: int, *, ready: Collection[str], at_work: Mapping[str, int]
    ) -> Counter[str]:
        """Return how many of the free *places* go to each tenant that has *ready* runs."""
        given: Counter[str] = Counter()
        # Whoever comes back has saved up nothing.
        known = [self._given[name] for name in ready if name in self._given]
        least = min(known, default=Fraction(0))
        for name in ready:
            self._given[name] = max(self._given.get(name, least), least)
        for _ in range(places):
            wanting = [name for name in ready if self._has_room(name, at_work, given)]
            if not wanting:
                break
            following = min(wanting, key=lambda name: self._order(name, at_work, given))
            given[following] += 1
            self._given[following] += Fraction(1, self.of(following).weight)
        return given

    def take_back(self, tenant: str, places: int) -> None:
        """Say that *places* of those given to the tenant were not used."""
        self._given[tenant] -= Fraction(places, self.of(tenant).weight)

    def _order(
        self, tenant: str, at_work: Mapping[str, int], given: Mapping[str, int]
    ) -> tuple[Fraction, Fraction, str]:
        busy = at_work.get(tenant, 0) + given.get(tenant, 0)
        return Fraction(busy, self.of(tenant).weight), self._given[tenant], tenant

    def _has_room(
        self, tenant: str, at_work: Mapping[str, int], given: Mapping[str, int]
    ) -> bool:
        most = self.of(tenant).concurrency
        busy = at_work.get(tenant, 0) + given.get(tenant, 0)
        return most is None or busy < most
