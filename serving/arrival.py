"""Starting before what is needed is there: how long to wait, and for what it is worth waiting.

Machines that start together start in any order, so a worker may come before its database does. What
is wrong in the settings does not mend itself, and nobody waits for that.
"""

import random
from collections.abc import Iterator
from typing import Final

from interlock.runtime.errors import GuardFailed, InterlockError

#: Seconds between two looks: the first, what multiplies them, and the most
_FIRST_S: Final = 1.0
_GROWTH: Final = 2.0
_LONGEST_S: Final = 30.0


def pauses() -> Iterator[float]:
    """Yield the seconds to wait before each further look, longer and longer; never ends.

    Those that started together do not look together.
    """
    seconds = _FIRST_S
    while True:
        yield seconds * random.uniform(0.75, 1.25)  # noqa: S311 - so that workers do not look all at once
        seconds = min(seconds * _GROWTH, _LONGEST_S)


def may_pass(error: InterlockError) -> bool:
    """Whether *error* says that something is away, which may be back later."""
    return isinstance(error, GuardFailed) and error.is_outage


def told(error: InterlockError, seconds: float) -> str:
    """Return what people are told of the waiting."""
    return f"{error} It is looked for again in {seconds:.0f} s."
