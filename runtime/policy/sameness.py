"""Sameness: what a value means, and whether two arguments say the same, however each is written.

A number counts by its value, a date or a time by what it means. Of another text, here, case, blanks
and marks do not count, and two lists say the same where one thing stands in both: what is doubtful
is the same (a guard against doing a thing twice fails closed). A plan proves by the same meanings,
in `runtime/door/plan/same.py`, and there a doubt is a no: texts letter by letter, lists as a whole.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from interlock.runtime.policy.boundary import folded
from interlock.runtime.policy.moments import moment_of, number_of

_BLANKS: Final = re.compile(r"\s+")
#: What stands around a name, and parts it: "#general", "<ann@x.example>"
_MARKS: Final = re.compile(r"[\W_]+")
_TEXT: Final = "text:"


def is_same(one: Any, other: Any) -> bool:
    """Whether both say the same: a thing in common, or nothing at all."""
    meanings = frozenset(_meanings(one))
    others = frozenset(_meanings(other))
    return meanings == others or not meanings.isdisjoint(others)


def says_something(value: Any) -> bool:
    """Whether an argument has a value that is not empty."""
    return any(True for _ in _meanings(value))


def decimal_of(value: Any) -> Decimal | None:
    """Return the number that a value is, however it is written; None for another."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = Decimal(str(value))
        return number if number.is_finite() else None
    return number_of(value) if isinstance(value, str) else None


def meaning_of(leaf: Any) -> str:
    """Return what one leaf means: equal for two leaves that are one number, date, time or text."""
    if leaf is None or isinstance(leaf, bool):
        return f"{leaf}"
    number = decimal_of(leaf)
    if number is not None:
        return f"number:{(number + 0).normalize():f}"
    moment = moment_of(leaf) if isinstance(leaf, str) else None
    if moment is not None:
        return f"moment:{moment.day} {moment.clock}"
    return f"{_TEXT}{leaf}"


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
    elif isinstance(value, str):
        if value:
            yield _squeezed(meaning_of(value.strip()))
    elif value is not None:
        yield meaning_of(value)


def _squeezed(meaning: str) -> str:
    """Return a meaning without blanks, and a text without marks, too, where it has more."""
    plain = _BLANKS.sub("", folded(meaning))
    letters = _MARKS.sub("", plain.removeprefix(_TEXT))
    is_text = plain.startswith(_TEXT) and letters
    return f"{_TEXT}{letters}" if is_text else plain
