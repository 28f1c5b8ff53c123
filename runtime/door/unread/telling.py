"""Telling: how many bits of what is unread a planner may learn from the answers to its calls.

An answer about hostile text is chosen by the text, and many answers spell the text out. So every
answer has a bound that the runtime counts before the call, in the run's ledger, and the policy has
a limit on their sum. A call tells

- `END_BITS` by how it ends: it is done, fails with a code, waits, or is denied with one code;
- `SHAPE_BITS` by the handle of its result; or, of a tool that declares `tells`, so many bits.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import Connection, bindparam, select

from interlock.runtime.door.tool import AnyTool, Value
from interlock.runtime.door.unread.given import Given
from interlock.runtime.record.store import tables
from interlock.runtime.run.run import Run

END_BITS: Final = 8
SHAPE_BITS: Final = 8
#: No answer that tells more is shown
MOST_BITS: Final = 32
_ENTRIES: Final = tables.ledger_entry.c
_RULED: Final = select(_ENTRIES.body).where(
    _ENTRIES.run_id == bindparam("of_run"),
    _ENTRIES.log == bindparam("in_log"),
    _ENTRIES.event.in_(("decision", "intent", "step")),
)


def answer_bits(
    tool: AnyTool | None,
    arguments: Value | None,
) -> int | None:
    """Return the bits of a shown answer; None where the result stays unread (fails closed)."""
    if tool is None or arguments is None or tool.tells is None:
        return None
    bits = tool.tells(arguments)
    return bits if type(bits) is int and 0 < bits <= MOST_BITS else None


def bounded(
    given: Given | None,
    tool: AnyTool | None,
    arguments: Value | None,
) -> dict[str, Any]:
    """Return of a proposal whether its result stays unread, and the bits that it may tell."""
    if given is None:
        return {}
    answer = None if given.kept else answer_bits(tool, arguments)
    if answer is None:
        return {"kept": True, "bits": END_BITS + SHAPE_BITS}
    return {"kept": False, "bits": END_BITS + answer}


def told(
    connection: Connection,
    run: Run,
    action: str,
    *,
    earlier: Mapping[str, int],
) -> int:
    """Return the bits that the run may have been told by all actions but this one.

    *earlier* are those of this claim, of which some are under way and not recorded yet.
    """
    bits = dict(earlier)
    place = {"of_run": run.id, "in_log": run.tenant}
    for text in connection.execute(_RULED, place).scalars():
        body: Any = orjson.loads(text)
        if counted := body.get("bits", 0):
            bits[body["action"]] = max(counted, bits.get(body["action"], 0))
    return sum(number for name, number in bits.items() if name != action)
