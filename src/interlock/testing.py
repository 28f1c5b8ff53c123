"""Twins for tests of agents and tools: a whole runtime in a folder, under a stated policy.

Nothing here is a mock. `World` is the real door, store and ledger; `StaticPoint` answers by a
table; `Effects` makes tools whose only effect is a line in a list; `FixedClock` moves when told.
"""

from interlock.runtime.testing import (
    AGENT,
    PLENTY,
    REVIEWER,
    REVISION,
    Effects,
    FixedClock,
    Note,
    StaticPoint,
    World,
)

__all__ = [
    "AGENT",
    "PLENTY",
    "REVIEWER",
    "REVISION",
    "Effects",
    "FixedClock",
    "Note",
    "StaticPoint",
    "World",
]
