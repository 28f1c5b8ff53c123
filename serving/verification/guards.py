"""Tries every guard of this installation once, in a world that is thrown away afterwards.

A guard that does not fire is a failure, and so is a guard whose trial breaks.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from interlock.serving.home import Home
from interlock.serving.verification.boundary import BOUNDARIES
from interlock.serving.verification.door import DOOR
from interlock.serving.verification.finding import Finding, right, wrong
from interlock.serving.verification.leaving import LEAVING
from interlock.serving.verification.trial import Trial, WentThrough, trial

Guard: TypeAlias = Callable[[Trial], Awaitable[None]]
GUARDS: Final[Mapping[str, Guard]] = {
    **DOOR,
    **BOUNDARIES,
    **LEAVING,
}


async def proved(home: Home) -> list[Finding]:
    """Return one finding for each guard: whether the guard fired."""
    findings = []
    async with trial(home) as shared:
        for name, guard in GUARDS.items():
            finding = await _one(shared, name, guard)
            findings.append(finding)
    return findings


async def _one(shared: Trial, name: str, guard: Guard) -> Finding:
    check = f"guard {name}"
    try:
        await guard(shared)
    except WentThrough as error:
        return wrong(check, f"it did not fire: {error}")
    except Exception as error:  # noqa: BLE001 - whatever broke: the guard was not seen to fire
        return wrong(check, f"{type(error).__name__}: {error}")
    return right(check, inspect.getdoc(guard) or "")
