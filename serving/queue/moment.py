"""Times as people say them."""

from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def span(seconds: int) -> str:
    """Return a length of time in its largest whole unit: "3 h"."""
    if seconds < _MINUTE:
        return "under a minute"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR} h"
    return f"{seconds // _DAY} days"


def ago(then: int, now: int) -> str:
    """Return how long ago *then* was."""
    return f"{span(max(now - then, 0))} ago"


def left(until: int, now: int) -> str:
    """Return how long it is until a deadline, or that it has passed."""
    return "over" if until <= now else f"{span(until - now)} left"


def amount(kind: str, count: int) -> str:
    """Return so much of what a budget limits, in a unit that people know."""
    if kind == "money_micro":
        return f"{count / 1_000_000:,.2f}"
    if kind.endswith("_ms"):
        return _length(count)
    return f"{count:,}"


def _length(milliseconds: int) -> str:
    seconds = milliseconds / 1_000
    return f"{seconds:,.1f} s" if seconds < _MINUTE else f"{seconds / _MINUTE:,.1f} min"
