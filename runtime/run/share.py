"""Fair shares: whose runs the free places of a worker go to.

Each place goes to the tenant that has had the least of all workers for its weight. That is the
place-seconds that this worker saw the tenant have in the database, and those of its runs at work in
the next second. So a share holds over all workers together, for one place as well as for many, and
for long runs as well as for short ones. Among equals the place goes to the tenant that was given
the fewest. No tenant gets more places than its concurrency.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

#: Seconds for which runs at work count in advance
AHEAD_S: Final = 1.0


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
    """Gives out places; remembers what each tenant had, as long as the worker lives."""

    shares: Mapping[str, Share] = field(default_factory=dict)
    #: Place-seconds for its weight, by tenant
    _had: dict[str, float] = field(default_factory=dict)
    _given: dict[str, Fraction] = field(default_factory=dict)
    #: Runs at work after the last look, and when that was
    _busy: Counter[str] = field(default_factory=Counter)
    _looked: float = 0.0
    #: Tenants that had something to do at the last look
    _active: set[str] = field(default_factory=set)

    def of(self, tenant: str) -> Share:
        """Return the share of *tenant*."""
        return self.shares.get(
            tenant,
            EQUAL,
        )

    def give(
        self,
        places: int,
        *,
        ready: Collection[str],
        at_work: Mapping[str, int],
        moment: float,
    ) -> Counter[str]:
        """Return how many of the free *places* go to each tenant that has *ready* runs.

        *at_work* are the runs at work in all workers at this *moment*, in seconds of any clock.
        """
        self._pass(moment)
        self._admit(
            ready,
            at_work,
        )
        given: Counter[str] = Counter()
        self._busy = Counter(at_work)
        for _ in range(places):
            wanting = [name for name in ready if self._has_room(name)]
            if not wanting:
                break
            following = min(
                wanting,
                key=self._order,
            )
            given[following] += 1
            self._busy[following] += 1
            self._given[following] += Fraction(1, self.of(following).weight)
        return given

    def take_back(self, tenant: str, places: int) -> None:
        """Say that *places* of those given to the tenant were not used: it had no more to do."""
        self._given[tenant] -= Fraction(places, self.of(tenant).weight)
        self._busy[tenant] -= places
        if places and not self._busy[tenant]:
            self._active.discard(tenant)

    def _pass(self, moment: float) -> None:
        """Count the time since the last look to those who were at work after that look."""
        seconds = moment - self._looked
        for name, runs in self._busy.items():
            had = self._had.get(
                name,
                0.0,
            )
            self._had[name] = had + seconds * runs / self.of(name).weight
        self._looked = moment

    def _admit(self, ready: Collection[str], at_work: Mapping[str, int]) -> None:
        """Let those who come, or come back, begin as if they had had what the others had."""
        stayed = [name for name in ready if name in self._active]
        least_had = min((self._had.get(name, 0.0) for name in stayed), default=0.0)
        least_given = min((self._given[name] for name in stayed), default=Fraction(0))
        for name in ready:
            self._had[name] = max(self._had.get(name, 0.0), least_had)
            self._given[name] = max(self._given.get(name, least_given), least_given)
        self._active = {*ready, *at_work}

    def _order(self, tenant: str) -> tuple[float, Fraction, str]:
        ahead = AHEAD_S * self._busy[tenant] / self.of(tenant).weight
        return self._had[tenant] + ahead, self._given[tenant], tenant

    def _has_room(self, tenant: str) -> bool:
        most = self.of(tenant).concurrency
        return most is None or self._busy[tenant] < most
