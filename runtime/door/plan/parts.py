"""Parts of a text: whether a value is one, and whether it is the only part of its kind there.

Two parts of one kind prove nothing: whoever wrote the text could have added the second.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from interlock.runtime.canonical import Json
from interlock.runtime.door.plan.plan import PLACE, Part
from interlock.runtime.door.plan.same import instant_of
from interlock.runtime.policy.actionable import LONGEST, actionable
from interlock.runtime.policy.boundary import folded, places
from interlock.runtime.policy.moments import dates, numbers
from interlock.runtime.policy.sameness import decimal_of

#: A shorter part stands in any text by chance
SHORTEST: Final = 3
_BLANKS: Final = re.compile(r"\s+")
_LINK: Final = re.compile(r"(?:[a-z][a-z0-9+.\-]*:)?//|www\.", re.IGNORECASE)
_ACCOUNT: Final = re.compile(r"[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 \-]{8,40}")
_ID: Final = re.compile(r"(?<![\w-])(?=[\w-]*[0-9])[\w-]{3,64}(?![\w-])")
_MONEY: Final = re.compile(r"[$\u20ac\u00a3\u00a5]|\b(?:usd|eur|gbp|chf|jpy)\b")
#: Characters around a number in which its currency stands
_NEAR: Final = 5


def is_part(
    value: Json,
    text: Any,
    kind: Part,
) -> bool:
    """Whether *value* is a part of *text*: of any other kind than "text", the only one there."""
    if not isinstance(text, str) or len(text) > LONGEST:
        return False
    if kind == "text":
        return _stands(value, text)
    parts = set(_parts(text, kind))
    return len(parts) == 1 and parts == {_key(value, kind)}


def within(
    value: Json,
    around: str,
) -> Json:
    """Return what of a value stands in the place that is left; None where the rest is another."""
    if around == PLACE:
        return value
    before, _, after = around.partition(PLACE)
    if not isinstance(value, str) or len(value) < len(before) + len(after):
        return None
    if not value.startswith(before) or not value.endswith(after):
        return None
    return value[len(before) : len(value) - len(after)]


def _stands(
    value: Json,
    text: str,
) -> bool:
    if not isinstance(value, str) or len(value.strip()) < SHORTEST:
        return False
    phrase = _BLANKS.sub(" ", folded(value.strip()))
    return next(places(_BLANKS.sub(" ", folded(text)), phrase), None) is not None


def _parts(
    text: str,
    kind: Part,
) -> Iterator[Any]:
    """Yield the parts of one kind, each as `_key` writes it."""
    small = folded(text)
    if kind == "date":
        yield from dates(small)
    elif kind == "number":
        yield from numbers(small)
    elif kind == "amount":
        yield from (
            number
            for number, spans in numbers(small).items()
            if any(_is_money(small, *span) for span in spans)
        )
    elif kind == "id":
        yield from (match[0] for match in _ID.finditer(text))
    else:
        yield from (
            _key(part, kind) for part in actionable(text) or () if _is(part, kind)
        )


def _is(
    part: str,
    kind: Part,
) -> bool:
    if kind == "link":
        return _LINK.match(part) is not None
    if kind == "account":
        return _ACCOUNT.fullmatch(part) is not None
    return "@" in part and not _LINK.match(part)


def _is_money(
    text: str,
    start: int,
    end: int,
) -> bool:
    return _MONEY.search(text[max(0, start - _NEAR) : end + _NEAR]) is not None


def _key(
    value: Json,
    kind: Part,
) -> Any:
    """Return what is compared of a part of this kind; None for what can be no such part."""
    if kind in {"number", "amount"}:
        return decimal_of(value)
    if not isinstance(value, str):
        return None
    if kind == "date":
        instant = instant_of(value)
        return (
            None
            if instant is None or len(value) > len("2000-01-01")
            else instant.date()
        )
    if kind == "account":
        return value.replace(" ", "").replace("-", "").upper()
    return value.lower() if kind == "address" else value
