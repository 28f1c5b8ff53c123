"""Boundaries: where a value that stands within a text begins and ends as a value of its own.

Addresses, URLs, account numbers, file names and numbers are never cut: a value is bounded by blanks
and by the punctuation of sentences, and by nothing that could be a part of a longer name.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

#: What may stand between a blank and the beginning of a value
_OPENING: Final = frozenset("\"'`([{<\u201c\u2018\u00ab*#@$\u20ac\u00a3\u00a5")
#: What may stand between the end of a value and a blank
_CLOSING: Final = frozenset("\"'`)]}>\u201d\u2019\u00bb*.,;:!?%\u20ac\u2026")
_POSSESSIVE: Final = ("'s", "\u2019s")
#: Two groups of one number
_GROUPS: Final = re.compile("[0-9] [0-9]")
#: An account number in groups of four, as people write it
_ACCOUNT: Final = re.compile(
    r"\b[a-z]{2}[0-9]{2}(?: [a-z0-9]{4}){2,7}(?: (?=[a-z]?[0-9])[a-z0-9]{1,4})?\b",
    re.ASCII | re.IGNORECASE,
)
#: Joins two clauses without a blank, and stands in no name
_DASH: Final = "\u2014"
#: Stands where a letter stood that turns into another one when text is normalised: equals nothing
_OTHER: Final = "\ufffd"


def folded(text: str) -> str:
    """Return *text* in the form in which two texts are compared: as long as its NFC form.

    Case does not count. Letters that look alike are different letters, a Kelvin sign and a K too.
    """
    if text.isascii():
        return text.lower()
    return "".join(map(_lower, written(text)))


def written(text: str) -> str:
    """Return *text* in the same form with its capitals, each at the same place."""
    if text.isascii():
        return text
    steady = "".join(_OTHER if _turns(character) else character for character in text)
    return unicodedata.normalize("NFC", steady)


def is_steady(text: str) -> bool:
    """Whether no character of *text* turns into an ASCII one when the text is normalised."""
    return text.isascii() or not any(map(_turns, text))


def begins(
    text: str,
    at: int,
) -> bool:
    """Whether a value may begin at this place of *text*."""
    while at > 0 and text[at - 1] in _OPENING:
        at -= 1
    return at == 0 or _is_blank(text[at - 1])


def ends(
    text: str,
    at: int,
) -> bool:
    """Whether a value may end before this place of *text*."""
    if text.startswith(_POSSESSIVE, at) and _is_clear(text, at + 2):
        return True
    return _is_clear(text, at)


def places(
    text: str,
    value: str,
) -> Iterator[tuple[int, int]]:
    """Yield where *value* stands in *text* as a value of its own; in both blanks are single."""
    accounts = [match.span() for match in _ACCOUNT.finditer(text)]
    at = text.find(value)
    while at >= 0:
        end = at + len(value)
        if _is_whole(text, at, end) and not _cuts(accounts, at, end):
            yield at, end
        at = text.find(value, at + 1)


def _is_whole(
    text: str,
    start: int,
    end: int,
) -> bool:
    """Whether what stands there is no part of a name, and no group of a longer number."""
    if not (begins(text, start) and ends(text, end)):
        return False
    before = _GROUPS.fullmatch(text[max(0, start - 2) : start + 1])
    return not (before or _GROUPS.fullmatch(text[end - 1 : end + 2]))


def _cuts(
    accounts: list[tuple[int, int]],
    start: int,
    end: int,
) -> bool:
    return any(first < start < last or first < end < last for first, last in accounts)


def _is_clear(
    text: str,
    at: int,
) -> bool:
    while at < len(text) and text[at] in _CLOSING:
        at += 1
    return at == len(text) or _is_blank(text[at])


def _is_blank(character: str) -> bool:
    return character.isspace() or character == _DASH


def _turns(character: str) -> bool:
    if character.isascii():
        return False
    return unicodedata.normalize("NFC", character).isascii()


def _lower(character: str) -> str:
    """Return the small letter, unless that is none of the same script."""
    small = character.lower()
    if character.isascii():
        return small
    return character if len(small) != 1 or small.isascii() else small
