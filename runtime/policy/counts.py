"""Counts: small numbers in letters, as in "order one" and "a table for two".

Such a word counts nothing in "the one from Ann", "no one" and "two hundred": what is doubtful is no
number.
"""

import re
from decimal import Decimal
from typing import Final

_IN_LETTERS: Final = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
#: After these a number is a pronoun, or a part of a longer number
_NO_COUNT: Final = re.compile(
    r"(?:\b(?:the|this|that|each|every|any|no|which|some|other|another|only|last|first|next|than"
    r"|number|point)|ty)\s+\Z"
)
_COUNT: Final = re.compile(
    rf"(?<![\w-])(?:{'|'.join(_IN_LETTERS)})(?![\w-])"
    r"(?!\s+(?:hundred|thousand|million|billion|dozen|point|and\s+a\s+half|another)\b)"
)


def counts(text: str) -> dict[Decimal, list[tuple[int, int]]]:
    """Return the numbers that a folded *text* counts with in letters, each with its places."""
    said: dict[Decimal, list[tuple[int, int]]] = {}
    for match in _COUNT.finditer(text):
        if _NO_COUNT.search(text[: match.start()][-12:]):
            continue
        number = Decimal(1 + _IN_LETTERS.index(match[0]))
        said.setdefault(number, []).append(match.span())
    return said
