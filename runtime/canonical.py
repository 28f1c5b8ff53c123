"""Canonical JSON: one byte string per value, so that digests and signatures mean something.

The profile is RFC 8785 restricted to what every implementation agrees on: ASCII keys, no floats,
integers below 2**53 in magnitude, valid Unicode strings. Inside it, orjson with sorted keys gives
the RFC's bytes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from typing_extensions import TypeAliasType

from interlock.runtime.errors import NotCanonical

Json = TypeAliasType(
    "Json", "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"
)

LARGEST_INTEGER: Final = (
    2**53 - 1
)  # RFC 8785 section 3.2.2.3: beyond it, JSON readers disagree
DEEPEST: Final = 32
#: The levels of a document that are kept for what stands around a `Written` value
AROUND: Final = 4
#: orjson refuses the text that is half a character and the integer that is too large
_SIMPLE: Final = frozenset({str, int, bool, type(None)})
_AS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


class Written:
    """A value with its canonical bytes, made once for every document that holds the value.

    Raises `NotCanonical` as `canonical` does, and for nesting deeper than 28, so that the value
    fits wherever it stands (fails closed).
    """

    __slots__ = ("text",)

    def __init__(self, value: Json) -> None:
        if not _is_plain(value, AROUND):
            _check(value, "$", AROUND)
        #: The canonical bytes
        self.text = _dumped(value)


#: A JSON value in which parts are written already
Document = TypeAliasType(
    "Document", "Json | Written | Sequence[Document] | Mapping[str, Document]"
)


def canonical(value: Document) -> bytes:
    """Return the canonical bytes of *value*; equal values give equal bytes.

    A part that is `Written` gives the bytes of its value. Raises `NotCanonical`, naming the place,
    for a float, a large integer, a non-ASCII key, a lone surrogate or nesting deeper than 32: fails
    closed, because a value that two readers read differently must not be signed.
    """
    if not _is_plain(value, 0):
        _check(value, "$", 0)
    return _dumped(value)


def digest(value: Document) -> str:
    """Return the SHA-256 of the canonical bytes, as 64 lower-case hexadecimal characters."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _dumped(value: Document) -> bytes:
    try:
        return orjson.dumps(value, _fragment, _AS)
    except orjson.JSONEncodeError as error:
        _check(value, "$", 0)  # names the place, where it is one of ours
        raise NotCanonical(where="$", why=str(error)) from error


def _fragment(value: object) -> orjson.Fragment:
    if isinstance(value, Written):
        return orjson.Fragment(value.text)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _is_plain(value: object, depth: int) -> bool:
    """Whether *value* is made of plain Python types within the profile, save what `_SIMPLE` says.

    This is the fast half of `_check`, which takes subclasses too and names the place of a fault.
    """
    kind = type(value)
    items: Any = value
    if kind is dict:
        if not _has_plain_keys(items):
            return False
        items = items.values()
    elif kind is not list and kind is not tuple:
        return kind in _SIMPLE or (kind is Written and depth <= AROUND)
    if depth >= DEEPEST:
        return False
    if _SIMPLE.issuperset(map(type, items)):
        return True
    for item in items:  # noqa: SIM110 - twice as fast as `all`
        if type(item) not in _SIMPLE and not _is_plain(item, depth + 1):
            return False
    return True


def _has_plain_keys(items: dict[Any, object]) -> bool:
    try:
        return "".join(items).isascii()
    except TypeError:  # one of them is no text
        return False


def _check(value: object, where: str, depth: int) -> None:
    if depth > DEEPEST:
        raise NotCanonical(where=where, why=f"nested deeper than {DEEPEST}")
    if isinstance(value, str | bool | None):
        return
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise NotCanonical(where=where, why="an integer beyond 2**53")
        return
    if isinstance(value, Written):
        if depth > AROUND:
            why = f"a written value stands deeper than {AROUND}"
            raise NotCanonical(where=where, why=why)
        return
    for step, item in _nested(value, where):
        _check(item, where + step, depth + 1)


def _nested(value: object, where: str) -> list[tuple[str, object]]:
    """Return the items of *value*, each with its place in it."""
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str) or not key.isascii():
                raise NotCanonical(
                    where=where, why=f"the key {key!r} is not an ASCII string"
                )
        return [(f".{key}", item) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [(f"[{index}]", item) for index, item in enumerate(value)]
    raise NotCanonical(where=where, why=f"{type(value).__name__} has no canonical form")
