"""Every guard is tried once on this installation, in a world that is thrown away.

A guard that did not fire, or that broke when it was tried, is a failure.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from interlock.serving.home import Home
from interlock.serving.verification.boundary import BOUNDARIES
from interlock.serving.verification.door import DOOR
from interlock.serving.verification.finding import Finding, right, wrong
from interlock.serving.verification.trial import Trial, WentThrough, trial

Guard: TypeAlias = Callable[[Trial], Awaitable[None]]
GUARDS: Final[Mapping[str, Guard]] = {
    **DOOR,
    **BOUNDARIES,
}


async def proved(home: Home) -> list[Finding]:
    """Return one finding for each guard: whether it fired."""
    async with trial(home) as tried:
        return [await _one(tried, name) for name in GUARDS]


async def _one(tried: Trial, name: str) -> Finding:
    check = f"guard {name}"
    guard = GUARDS[name]
    try:
        await guard(tried)
    except WentThrough as error:
        return wrong(check, f"it did not fire: {error}")
    except Exception as error:  # noqa: BLE001 - whatever broke: the guard was not seen to fire
        return wrong(check, f"{type(error).__name__}: {error}")
    return right(check, inspect.getdoc(guard) or "")
