"""Whether an argument is what a plan says, by what both mean; a doubt is a no (fails closed)."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, Final

from interlock.runtime.door.plan.reference import Reference, same_object
from interlock.runtime.policy.moments import moment_of
from interlock.runtime.policy.sameness import meaning_of

#: Characters of a text that count as one leaf
_CHARACTERS: Final = 16
#: Levels of the deepest value that is compared
DEEPEST: Final = 32


def same(
    one: Any,
    other: Any,
    *,
    depth: int = 0,
) -> bool:
    """Whether two values are one: numbers by their value, dates and times by what they mean.

    Every other text is the same only letter by letter. What is no JSON, or is nested too deeply, is
    the same as nothing (fails closed). Raises `Opaque` for what the name of an object would decide.
    """
    if depth > DEEPEST:
        return False
    if isinstance(one, Reference) or isinstance(other, Reference):
        return same_object(one, other)
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(
            same(item, other[name], depth=depth + 1) for name, item in one.items()
        )
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(
            same(item, another, depth=depth + 1)
            for item, another in zip(one, other, strict=True)
        )
    return meaning_of(one) == meaning_of(other)


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
