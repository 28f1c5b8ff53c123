"""Handles: what a planner holds of a result that it does not read.

A handle names a sealed result of the same run and says its shape, and never a character of it. The
planner passes the handle on, whole or with a path into the result, as an argument of a later call.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from interlock.runtime.canonical import Json
from interlock.runtime.door.tool import Value
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Fault
from interlock.runtime.record.vault import DataKey

#: The field by which a handle is known, and the one that says which part of the result is meant
UNREAD: Final = "unread"
OF: Final = "of"
#: The largest size and number that a shape tells apart: 16 of each, so a shape says 8 bits
_LARGEST: Final = 2**15
_MOST: Final = 2**14
_ID: Final = re.compile("[0-9a-f]{64}")


class Handle(Value):
    """What a planner is told of a result that stays unread; `SHAPE_BITS` says how much that is."""

    #: The action that gave the result
    unread: str
    tool: str
    #: The bytes of the result, and the items of its longest list, each up to a power of two
    size: int
    items: int
    #: Where the result came from and who may see it
    label: dict[str, Json]
    #: A commitment to this result of this action under the run's key: equal results differ in it
    digest: str


class NotFollowed(Exception):
    """A handle that leads to nothing; *fault* says why."""

    def __init__(
        self,
        fault: Fault,
    ) -> None:
        self.fault = fault
        super().__init__(fault)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """One use of a handle: the result of an action, or what an expression gives over the result."""

    action: str
    of: str = ""


def handle_of(
    action: str,
    tool: str,
    result: bytes,
    *,
    label: Label,
    key: DataKey,
) -> Handle:
    """Return the handle of what an action gave, as JSON."""
    document = json.loads(result)
    values = document.values() if isinstance(document, Mapping) else [document]
    items = max((len(value) for value in values if isinstance(value, list)), default=0)
    return Handle(
        unread=action,
        tool=tool,
        size=_up(len(result), most=_LARGEST),
        items=_up(items, most=_MOST),
        label=asdict(label),
        digest=key.commit(b"unread " + action.encode() + b" " + result),
    )


def reference_of(value: Any) -> Reference | None:
    """Return the handle that a part of an argument is, or None; raises `NotFollowed`.

    A handle may come back as it was given, with or without an expression.
    """
    if not isinstance(value, Mapping):
        return None
    action = value.get(UNREAD)
    if not isinstance(action, str) or not _ID.fullmatch(action):
        return None
    of = value.get(OF, "")
    if not isinstance(of, str) or not value.keys() <= {OF, *Handle.model_fields}:
        raise NotFollowed("malformed")
    return Reference(action=action, of=of)


def _up(
    number: int,
    *,
    most: int,
) -> int:
    """Return the smallest power of two that is no less than *number*; 0 for none."""
    return min(1 << (number - 1).bit_length(), most) if number else 0
