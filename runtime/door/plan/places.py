"""Places: a planned call is good for one effect, so each effect of a run takes a place of its own.

A matching of bipartite graphs by augmenting paths (Kuhn, Naval Research Logistics 2, 1955): calls
that fit several steps are moved to where others leave room.
"""

from collections import deque
from collections.abc import Sequence


class Places:
    """Which call takes which place; calls come in their order, and one keeps having a place."""

    def __init__(self) -> None:
        self._fitting: list[Sequence[int]] = []
        self._owner: dict[int, int] = {}
        self._place: dict[int, int] = {}

    def take(
        self,
        fitting: Sequence[int],
    ) -> int | None:
        """Give the next call one of the places that it fits; None where all of them are taken."""
        call = len(self._fitting)
        self._fitting.append(fitting)
        came: dict[int, int] = {}
        calls = deque([call])
        while calls:
            one = calls.popleft()
            for place in self._fitting[one]:
                if place in came:
                    continue
                came[place] = one
                if place not in self._owner:
                    self._move(place, came)
                    return self._place[call]
                calls.append(self._owner[place])
        return None

    def _move(
        self,
        place: int,
        came: dict[int, int],
    ) -> None:
        """Move each call of the path to the place that the path found for it."""
        free: int | None = place
        while free is not None:
            call = came[free]
            before = self._place.get(call)
            self._owner[free] = call
            self._place[call] = free
            free = before
