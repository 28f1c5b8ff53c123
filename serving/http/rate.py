"""Rates: how often a caller may ask, by a bucket of tokens for each caller.

The buckets are in the memory of one process: of several servers each allows the rate, and a server
that starts anew begins with full buckets. So the rate protects a server; budgets limit spending.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from interlock.serving.http.refusal import RequestRefused

#: Callers that are remembered; whoever was not heard of for longest is forgotten first
_MOST: Final = 10_000


class Rates:
    """The buckets of all callers; each holds *burst* tokens and gets *rate* more a second."""

    def __init__(
        self, *, rate: int, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        #: By caller: the tokens that are left, and when they were counted
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, caller: tuple[str, str]) -> None:
        """Take one token of *caller*; raises `RequestRefused` ("too_many") when there is none."""
        now = self._clock()
        tokens, counted = self._buckets.pop(caller, (float(self._burst), now))
        tokens = min(tokens + (now - counted) * self._rate, self._burst)
        is_empty = tokens < 1
        self._buckets[caller] = (tokens if is_empty else tokens - 1, now)
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        if is_empty:
            seconds = math.ceil((1 - tokens) / self._rate)
            raise RequestRefused("too_many", retry_after=seconds, rate=self._rate)
