"""Shares that are watched: known within an interval that holds after every run at once.

The interval is the empirical Bernstein confidence sequence of Howard, Ramdas, McAuliffe and Sekhon,
"Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49 (2021),
theorem 4 with the stitched boundary of equation 10. It holds for independent values from 0 to 1 of
any distribution, and however often somebody looks, the chance that it ever fails is as stated.
"""

import math
from dataclasses import dataclass
from typing import Final

#: The exponent of the boundary and the ratio of its epochs, as the paper has them
_S: Final = 1.4
_ETA: Final = 2.0
#: The squared distance from which on the boundary is tight
_LEAST: Final = 1.0
#: The zeta function at the exponent
_ZETA: Final = 3.105547
_K1: Final = (_ETA**0.25 + _ETA**-0.25) / math.sqrt(2)
_K2: Final = (math.sqrt(_ETA) + 1) / 2
#: What is foreseen before anything was observed
_HALF: Final = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A share that was observed so often, and how far each value was from what was foreseen."""

    number: int = 0
    total: float = 0.0
    #: The sum of the squared distances
    spread: float = 0.0

    @property
    def mean(self) -> float:
        """The mean of what was observed; a half before anything was."""
        return self.total / self.number if self.number else _HALF

    def with_one(self, value: float) -> "Share":
        """Return the share after one more run; *value* is from 0 to 1."""
        foreseen = (self.total + _HALF) / (self.number + 1)
        return Share(
            number=self.number + 1,
            total=self.total + value,
            spread=self.spread + (value - foreseen) ** 2,
        )

    def radius(self, alpha: float) -> float:
        """Return how far the true share may be from the mean on either side.

        The chance that the true share is ever further away is at most *alpha*.
        """
        if not self.number:
            return 1.0
        return min(1.0, _boundary(self.spread, alpha / 2) / self.number)

    def least(self, alpha: float) -> float:
        """Return what the true share is at least; see `radius`, and no share is below zero."""
        return max(0.0, self.mean - self.radius(alpha))

    def most(self, alpha: float) -> float:
        """Return what the true share is at most; see `radius`, and no share is above one."""
        return min(1.0, self.mean + self.radius(alpha))


def least_rise(control: Share, canary: Share, *, alpha: float) -> float:
    """Return by how much the canary's share is above the control's at least.

    Between equal arms the chance that this is ever above zero is at most *alpha*.
    """
    return canary.least(alpha / 2) - control.most(alpha / 2)


def most_rise(control: Share, canary: Share, *, alpha: float) -> float:
    """Return by how much the canary's share is above the control's at most; see `least_rise`."""
    return canary.most(alpha / 2) - control.least(alpha / 2)


def _boundary(spread: float, alpha: float) -> float:
    """Return how far the sum of all values may be from its expectation."""
    at = max(spread, _LEAST)
    often = _S * math.log(math.log(_ETA * at / _LEAST))
    often += math.log(_ZETA / (alpha * math.log(_ETA) ** _S))
    return math.sqrt(_K1**2 * at * often + (_K2 * often) ** 2) + _K2 * often
