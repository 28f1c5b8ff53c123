"""Whether an argument is what a plan says, by what both mean; a doubt is a no (fails closed)."""

from collections.abc import Hashable, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from interlock.runtime.policy.moments import moment_of
from interlock.runtime.policy.sameness import meaning_of

#: Characters of a text that count as one leaf
_CHARACTERS: Final = 16
#: Levels of the deepest value that is compared
DEEPEST: Final = 32


def same(
    one: Any,
    other: Any,
) -> bool:
    """Whether two values are one: numbers by their value, dates and times by what they mean.

    Every other text is the same only letter by letter. What is no JSON, or is nested too deeply, is
    the same as nothing (fails closed).
    """
    meaning = meaning_within(one)
    return meaning is not None and meaning == meaning_within(other)


def meaning_within(value: Any) -> Hashable | None:
    """Return what a value means with all that is in it; None for what is the same as nothing."""
    try:
        return _meaning(value, DEEPEST)
    except ValueError:
        return None


def _meaning(
    value: Any,
    depth: int,
) -> Hashable:
    if depth < 0:
        raise ValueError("it is nested too deeply")
    if isinstance(value, Mapping):
        items = [(name, _meaning(item, depth - 1)) for name, item in value.items()]
        return frozenset(items)
    if isinstance(value, list | tuple):
        return tuple(_meaning(item, depth - 1) for item in value)
    if value is None or isinstance(value, str | bool | int | float):
        return meaning_of(value)
    raise ValueError("it is no JSON")


def instant_of(value: Any) -> datetime | None:
    """Return the date, or the date and time, that a text is in ISO form; a day begins at midnight.

    None for another.
    """
    moment = moment_of(value) if isinstance(value, str) else None
    if moment is None or not isinstance(moment.day, date):
        return None
    return datetime.combine(moment.day, moment.clock or time())


def weight(
    value: Any,
    *,
    most: int,
) -> int:
    """Return how many leaves a value has, long texts as several; more than *most* is not counted.

    A value that holds one and the same part many times has it as many times.
    """
    count = 0
    left = [value]
    while left and count <= most:
        item = left.pop()
        count += 1
        if isinstance(item, Mapping):
            left += item.values()
        elif isinstance(item, list | tuple):
            left += item
        elif isinstance(item, str):
            count += len(item) // _CHARACTERS
    return count
