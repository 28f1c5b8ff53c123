"""The breaker: a model that fails or drags is left alone for a while, and then tried with care.

    closed -> open       too many of the last calls failed, or took too long
    open   -> half-open  its time is over: a few calls may try
    half-open -> closed  as many of them as are needed went well
    half-open -> open    one of them did not: it stays open twice as long

A breaker belongs to one model of one endpoint in one process, and forgets with its process.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, assert_never

State: TypeAlias = Literal["closed", "open", "half_open"]
Clock: TypeAlias = Callable[[], float]
#: How much longer than stated a breaker stays open at most, so that many do not try at once
_SPREAD: Final = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """When a breaker opens, and how it closes again."""

    #: What is looked at: the last so many seconds, in so many slices
    window_s: float = 60.0
    slices: int = 6
    #: Nothing is concluded from fewer calls
    least_calls: int = 10
    failures: float = 0.5
    #: A call that takes longer counts as slow
    slow_s: float = 30.0
    slow_calls: float = 0.8
    #: How long it stays open the first time, and at most
    open_s: float = 15.0
    most_open_s: float = 300.0
    #: How many calls may try at a time, and how many must go well
    trials: int = 1
    successes: int = 2


@dataclass(kw_only=True, slots=True)
class _Slice:
    began: float
    calls: int = 0
    failed: int = 0
    slow: int = 0


class Breaker:
    """The state of one model as this process knows it; see the head of this file."""

    def __init__(
        self,
        *,
        clock: Clock,
        rules: Rules | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.rules = rules or Rules()
        self._clock = clock
        self._chance = chance
        self._slices: deque[_Slice] = deque(maxlen=self.rules.slices)
        self._opened = False
        self._until = 0.0
        self._open_s = self.rules.open_s
        self._trying = 0
        self._went_well = 0
        self._rests_until = 0.0

    @property
    def state(self) -> State:
        """Where the breaker stands now."""
        if not self._opened:
            return "closed"
        return "open" if self._clock() < self._until else "half_open"

    @property
    def lets(self) -> bool:
        """Whether a call would be let through now; nothing is taken by asking."""
        if self._clock() < self._rests_until:
            return False
        match self.state:
            case "closed":
                return True
            case "open":
                return False
            case "half_open":
                return self._trying < self.rules.trials
            case other:
                assert_never(other)

    def enter(self) -> bool:
        """Let one call through if one may; each that was let through is ended by `leave`."""
        if not self.lets:
            return False
        if self._opened:
            self._trying += 1
        return True

    def leave(self, *, is_well: bool | None, took_s: float) -> None:
        """End a call; None says nothing of the model: the call was turned away, or given up."""
        if self._opened:
            self._tried(is_well=is_well)
        elif is_well is not None:
            self._count(is_well=is_well, is_slow=took_s > self.rules.slow_s)

    def rest(self, seconds: float) -> None:
        """Leave the model alone for so long, without a mark against it: it asked for that."""
        self._rests_until = max(self._rests_until, self._clock() + seconds)

    def _tried(self, *, is_well: bool | None) -> None:
        self._trying = max(0, self._trying - 1)
        if is_well is None or self.state == "open":
            return
        if not is_well:
            self._open_s = min(2 * self._open_s, self.rules.most_open_s)
            self._open()
            return
        self._went_well += 1
        if self._went_well >= self.rules.successes:
            self._opened = False
            self._open_s = self.rules.open_s
            self._slices.clear()

    def _count(self, *, is_well: bool, is_slow: bool) -> None:
        here = self._slice()
        here.calls += 1
        here.failed += not is_well
        here.slow += is_slow
        recent = [part for part in self._slices if self._is_recent(part)]
        calls = sum(part.calls for part in recent)
        if calls < self.rules.least_calls:
            return
        failed = sum(part.failed for part in recent) / calls
        slow = sum(part.slow for part in recent) / calls
        if failed >= self.rules.failures or slow >= self.rules.slow_calls:
            self._open()

    def _open(self) -> None:
        self._opened = True
        self._went_well = 0
        self._until = self._clock() + self._open_s * (1 + _SPREAD * self._chance())

    def _slice(self) -> _Slice:
        now = self._clock()
        length = self.rules.window_s / self.rules.slices
        if not self._slices or now - self._slices[-1].began >= length:
            self._slices.append(_Slice(began=now))
        return self._slices[-1]

    def _is_recent(self, part: _Slice) -> bool:
        return self._clock() - part.began < self.rules.window_s
