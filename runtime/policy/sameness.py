"""Sameness: whether two arguments say the same, however each of them is written.

A number counts by its value, a date or a time by what it means, and another text by its letters
without case and blanks. Two lists say the same where one thing stands in both. So what is doubtful
is the same (a guard against doing a thing twice fails closed).
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from interlock.runtime.policy.boundary import folded
from interlock.runtime.policy.moments import moment_of, number_of

_BLANKS: Final = re.compile(r"\s+")


def is_same(one: Any, other: Any) -> bool:
    """Whether both say the same: a thing in common, or nothing at all."""
    meanings = frozenset(_meanings(one))
    others = frozenset(_meanings(other))
    return meanings == others or not meanings.isdisjoint(others)


def _meanings(value: Any) -> Iterator[str]:
    """Yield what the members of a value mean; what is empty means nothing."""
    if isinstance(value, Mapping):
        fields = [(name, sorted(_meanings(item))) for name, item in value.items()]
        stated = sorted(field for field in fields if field[1])
        if stated:
            yield repr(stated)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _meanings(item)
    elif value is not None and value != "":
        yield _meaning(value)


def _meaning(leaf: Any) -> str:
    if isinstance(leaf, bool):
        return f"bool:{leaf}"
    if isinstance(leaf, int | float):
        return _number(Decimal(str(leaf)))
    text = str(leaf).strip()
    number = number_of(text)
    if number is not None:
        return _number(number)
    moment = moment_of(text)
    if moment is not None:
        return f"moment:{moment.day} {moment.clock}"
    return "text:" + _BLANKS.sub("", folded(text))


def _number(number: Decimal) -> str:
    return f"number:{number.normalize():f}"
