"""Twins for tests of agents and tools: a whole runtime in a folder, under a stated policy.

Nothing here is a mock. `World` is the real door, store and ledger; `StaticPoint` answers by a
table; `Effects` makes tools whose only effect is a line in a list; `FixedClock` moves when told.
`ModelServer` is a server of chat completions on the loopback that answers by a script of `Turn`s.
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
from interlock.tools.scripted.server import Asked, ModelServer
from interlock.tools.scripted.turn import (
    Call,
    Turn,
    answers,
    calls,
    cut_off,
    garbage,
    hangs,
    oversize,
    redirects,
    refuses,
    says,
    slow,
)

__all__ = [
    "AGENT",
    "PLENTY",
    "REVIEWER",
    "REVISION",
    "Asked",
    "Call",
    "Effects",
    "FixedClock",
    "ModelServer",
    "Note",
    "StaticPoint",
    "Turn",
    "World",
    "answers",
    "calls",
    "cut_off",
    "garbage",
    "hangs",
    "oversize",
    "redirects",
    "refuses",
    "says",
    "slow",
]
