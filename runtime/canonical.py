"""Canonical JSON: one byte string per value, so that digests and signatures mean something.

The profile is RFC 8785 restricted to what every implementation agrees on: ASCII keys, no floats, integers
below 2**53 in magnitude, valid Unicode strings. Inside it, orjson with sorted keys gives the RFC's bytes.
"""

import hashlib
from collections.abc import Mapping, Sequence

import orjson
from typing_extensions import TypeAliasType

from interlock.runtime.errors import NotCanonical

Json = TypeAliasType("Json", "bool | int | str | Sequence[Json] | Mapping[str, Json] | None")

LARGEST_INTEGER = 2**53 - 1  # RFC 8785 section 3.2.2.3: beyond it, JSON readers disagree
DEEPEST = 32


def canonical(value: Json) -> bytes:
    """Return the canonical bytes of *value*; equal values give equal bytes.

    Raises `NotCanonical`, naming the place, for a float, a large integer, a non-ASCII key, a lone surrogate or
    nesting deeper than 32: fails closed, because a value that two readers read differently must not be signed.
    """
    _check(value, "$", 0)
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise NotCanonical(where="$", why=str(error)) from error


def digest(value: Json) -> str:
    """Return the SHA-256 of the canonical bytes, as 64 lower-case hexadecimal characters."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _check(value: object, where: str, depth: int) -> None:
    if depth > DEEPEST:
        raise NotCanonical(where=where, why=f"nested deeper than {DEEPEST}")
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise NotCanonical(where=where, why="an integer beyond 2**53")
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise NotCanonical(where=where, why=f"the key {key!r} is not an ASCII string")
            _check(item, f"{where}.{key}", depth + 1)
        return
    if isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, f"{where}[{index}]", depth + 1)
        return
    raise NotCanonical(where=where, why=f"{type(value).__name__} has no canonical form")
