"""Pairs: which number the words say of which name, where one sentence says several of both.

"Pay 50 to Ann and 70 to Bob" proves no 70 for Ann. A sentence is read only where each number has
its names: those that follow, or where a name comes first, those before. Any other one pairs
nothing.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final, TypeAlias

from interlock.runtime.policy.numerals import is_bare

_SENTENCE: Final = re.compile(r"[.!?;](?=\s|\Z)|\n")
#: Addresses, accounts, and words with a capital; what stands at the beginning is a verb
_NAME: Final = re.compile(
    r"(?<!\S)[\"'(<\[]{0,4}(?P<name>[^\s,;@]+@[^\s,;>)\]]*[^\s,;.>)\]!?]|[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{8,30}"
    r"|(?<=\s)(?<![.!?;:]\s)[^\W\d_a-z][\w'-]*)"
)
#: A number or a name, and where it stands
_Part: TypeAlias = tuple[int, Decimal | str]


def pairs(
    text: str,
    written: str,
    numbers: dict[Decimal, list[tuple[int, int]]],
    *,
    moments: Sequence[tuple[int, int]],
) -> set[tuple[Decimal, str]]:
    """Return each number of a folded *text* with each name that it is said of.

    *written* is the same text with capitals; the *numbers* and *moments* are those that it says.
    """
    parts: list[_Part] = [
        (start, number)
        for number, spans in numbers.items()
        for start, end in spans
        if is_bare(text, (start, end), moments)
    ]
    parts += [
        (match.start("name"), text[slice(*match.span("name"))].removesuffix("'s"))
        for match in _NAME.finditer(written)
    ]
    stops = [stop.start() for stop in _SENTENCE.finditer(text)]
    said: set[tuple[Decimal, str]] = set()
    for start, end in zip([0, *stops], [*stops, len(text)], strict=True):
        said |= set(_paired([part for at, part in sorted(parts) if start <= at < end]))
    return said


def _paired(parts: list[Decimal | str]) -> Iterator[tuple[Decimal, str]]:
    """Yield the pairs of one sentence; none where a number or a name has no other."""
    if parts and isinstance(parts[0], str):
        parts.reverse()
    if not parts or isinstance(parts[0], str) or isinstance(parts[-1], Decimal):
        return
    if any(
        isinstance(one, Decimal) and isinstance(other, Decimal)
        for one, other in pairwise(parts)
    ):
        return
    number = parts[0]
    for part in parts:
        if isinstance(part, Decimal):
            number = part
        elif isinstance(number, Decimal):
            yield number, part
