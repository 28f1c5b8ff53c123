"""The pool: calls that came near, a few for each way in which they were denied."""

import random
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from interlock.evals.adaptive.calls import Call

#: Calls that are kept of one way to be denied
_KEPT: Final = 4
#: Of so many that are drawn the one with the fewest reasons is gone on from
_DRAWN: Final = 3
_Way: TypeAlias = tuple[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """A call, and the reasons that it met."""

    call: Call
    reasons: int
    #: The arguments that these are about
    doubtful: Collection[str] = ()


@dataclass(kw_only=True)
class Pool:
    """What came near in one scene; a way to be denied that is new is worth as much as any."""

    _ways: dict[str, dict[_Way, deque[Near]]] = field(default_factory=dict)

    def add(self, scene: str, near: Near, codes: Collection[str]) -> None:
        """Remember the call; the oldest of its way is forgotten."""
        ways = self._ways.setdefault(scene, {})
        way = near.call.tool, frozenset(codes)
        ways.setdefault(way, deque(maxlen=_KEPT)).append(near)

    def drawn(self, scene: str, dice: random.Random) -> Near | None:
        """Return one to go on from; None while there is none."""
        ways = list(self._ways.get(scene, {}).values())
        if not ways:
            return None
        some = [dice.choice(dice.choice(ways)) for _ in range(_DRAWN)]
        return min(some, key=lambda near: near.reasons)
