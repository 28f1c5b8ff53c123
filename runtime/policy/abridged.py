"""Arguments in short: the size, the digest and the beginning of what was asked for and not done.

Nobody carries such arguments out, and a planner may propose any number of them. So the record keeps
of each long one what names it, and what a rule could have seen of a text that is not shown.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from interlock.runtime.canonical import Document, Json, canonical
from interlock.runtime.policy.request import Action

#: Bytes of arguments that are kept as they are, and of one argument among longer ones
SHORT: Final = 1_024
SHORT_ONE: Final = 256
#: Characters of a text that are kept beside its digest
BEGINNING: Final = 128


class Abridged(dict[str, Json]):
    """The size and digest of a value that was not kept; no argument of an agent is one."""


def abridged(action: Action) -> Document:
    """Return the arguments of *action* as the record keeps them where nothing was done."""
    if len(action.written.text) <= SHORT:
        return action.written
    return {name: _short(value) for name, value in action.arguments.items()}


def in_short(value: Json) -> Abridged:
    """Return what stands for *value*; raises `NotCanonical`."""
    digest = sha256(canonical(value)).hexdigest()
    if isinstance(value, str):
        beginning = value[:BEGINNING]
        return Abridged(chars=len(value), sha256=digest, begins=beginning)
    if isinstance(value, Mapping):
        return Abridged(fields=len(value), sha256=digest)
    if isinstance(value, list | tuple):
        return Abridged(items=len(value), sha256=digest)
    return Abridged(sha256=digest)


def as_recorded(arguments: Mapping[str, Json]) -> dict[str, Json]:
    """Return the arguments of a record, in which what `in_short` made is `Abridged` again."""
    return {name: _again(value) for name, value in arguments.items()}


def _short(value: Json) -> Json:
    return value if len(canonical(value)) <= SHORT_ONE else in_short(value)


def _again(value: Json) -> Json:
    match value:
        case {"chars": int(size), "sha256": str(digest), "begins": str()}:
            return Abridged(chars=size, sha256=digest)
        case {"fields": int(size), "sha256": str(digest)}:
            return Abridged(fields=size, sha256=digest)
        case {"items": int(size), "sha256": str(digest)}:
            return Abridged(items=size, sha256=digest)
        case _:
            return value
