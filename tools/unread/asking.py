"""Asking: whether two values are one, whether one stands in another, how many, and which of some.

The tools are ordinary ones, granted and decided like any other; the runtime follows the handles
that they are given. Each says how many bits its answer has, and the policy limits their sum.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from interlock.runtime.canonical import Json
from interlock.runtime.door.plan.parts import is_part
from interlock.runtime.door.plan.same import same
from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource

#: The most that is counted, and the choices among which one is told
MOST: Final = 255
MOST_CHOICES: Final = 62
PLACE: Final = Resource(
    type="unread",
    id="",
    clearance="confidential",
)


class Pair(Value):
    """Two values, of which any may be a handle."""

    one: Json
    other: Json


class Membership(Value):
    """A value, and the list that may have it or the text in which it may stand."""

    value: Json
    within: Json


class Items(Value):
    """A list, and up to how many of its items are counted."""

    items: Json
    most: Annotated[int, Field(ge=1, le=MOST)] = MOST


class Choice(Value):
    """A text, and what it may say."""

    text: Json
    choices: Annotated[list[str], Field(min_length=1, max_length=MOST_CHOICES)]


class Yes(Value):
    """Whether it is so."""

    is_so: bool


class Count(Value):
    """How many there are, or as many as were asked about."""

    count: int


class Chosen(Value):
    """The number of the only choice that the text says, from 0; -1 for none or several."""

    number: int


@tool(
    "unread.same",
    action="pure",
    resource=lambda _: PLACE,
    tells=lambda _: 1,
)
async def _same(
    permit: Permit,
    pair: Pair,
) -> Yes:
    """Say whether two values are one: numbers by their value, dates by what they mean."""
    return Yes(is_so=same(pair.one, pair.other))


@tool(
    "unread.within",
    action="pure",
    resource=lambda _: PLACE,
    tells=lambda _: 1,
)
async def _within(
    permit: Permit,
    membership: Membership,
) -> Yes:
    """Say whether a value is in a list, or stands in a text as a whole word or phrase."""
    return Yes(is_so=_has(membership.within, membership.value))


@tool(
    "unread.count",
    action="pure",
    resource=lambda _: PLACE,
    tells=lambda items: items.most.bit_length(),
)
async def _count(
    permit: Permit,
    items: Items,
) -> Count:
    """Say how many items a list has, up to a number; what is no list has none."""
    listed = items.items
    count = len(listed) if isinstance(listed, Mapping | list) else 0
    return Count(count=min(count, items.most))


@tool(
    "unread.choose",
    action="pure",
    resource=lambda _: PLACE,
    tells=lambda choice: (len(choice.choices) + 1).bit_length(),
)
async def _choose(
    permit: Permit,
    choice: Choice,
) -> Chosen:
    """Say which one of some words or phrases stands in a text; -1 for none or several."""
    said = [
        number
        for number, words in enumerate(choice.choices)
        if _has(choice.text, words)
    ]
    return Chosen(number=said[0] if len(said) == 1 else -1)


def _has(
    within: Any,
    value: Any,
) -> bool:
    """Whether a list has the value, or a text has it as a whole word or phrase."""
    if isinstance(within, list | tuple):
        return any(same(item, value) for item in within)
    return is_part(value, within, "text")


#: The tools that answer about what stands unread
asking: Final[tuple[AnyTool, ...]] = (_same, _within, _count, _choose)
