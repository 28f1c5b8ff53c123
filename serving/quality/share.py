"""Shares: so many of so many, never without how far chance may have moved them."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

#: Of the normal distribution: an interval that holds the true share in 95 of 100 samples
_Z: Final = 1.959964


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """How many of how many, with Wilson's 95 % interval; of none of none nothing is known."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The share."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The lowest and the highest share that fit what was counted."""
        value = self.value
        if value is None:
            return None
        square = _Z * _Z
        middle = value + square / (2 * self.whole)
        spread = _Z * sqrt(
            value * (1 - value) / self.whole + square / (4 * self.whole**2)
        )
        scale = 1 + square / self.whole
        low, high = (middle - spread) / scale, (middle + spread) / scale
        # Of all and of none the end is the share itself, which rounding misses.
        return (low if self.part else 0.0), (high if self.part < self.whole else 1.0)
