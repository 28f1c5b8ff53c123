"""Numerals: what a number in the words is a number of.

"Room 900" is no amount, and neither are "3 guests", "2 hours" or "5 May": such a number is said for
an argument alone that is called so. A bare number, or one with a currency, may be any argument's.
"""

import re
from collections.abc import Sequence
from typing import Final

from interlock.runtime.policy.intent.forms import listed
from interlock.runtime.policy.use import Use

#: What stands before a number that tells one thing from others of its kind
_LABELS: Final = listed(
    "room floor flat apartment suite building block house"
    " gate platform terminal page chapter section paragraph"
    " line row column table figure slide version release step"
    " part level lesson episode season volume issue ticket"
    " order invoice receipt booking reservation case claim"
    " reference ref id number no nr num code pin extension ext"
    " phone telephone tel fax mobile year zip postcode door"
    " desk seat bus train tram flight route exit port task"
    " event file document message mail customer client member"
    " user employee class grade group team week quarter"
    " article paragraph serial model bug request commit"
    " transaction account apt unit no. nr. ext. tel. apt."
)
#: Labels that are verbs, too: "order 2 boxes" is no order number 2
_VERBS: Final = listed("order request book")
_BIDS: Final = re.compile(
    r"(?:^|[.!?;:,\n(]|\b(?:please|kindly|and|then|just|also))\s*\Z"
)
_COUNTED: Final = re.compile(
    r"\s+(?!(?:is|was|are|were|has|had|from|for|to|by|on|in|at|and|or|of|with|again|if|as|when|that|which|too"
    r"|today|tomorrow|now|please)\b)[a-z]"
)
_NUMBERED: Final = listed("number no nr num id no. nr. code ref reference")
#: Arguments that take any of these
_IDS: Final = listed(
    "id ids number numbers no nr num code codes key keys ref reference index"
)
_TIMES: Final = listed(
    "second seconds minute minutes hour hours day days night"
    " nights week weeks month months year years min mins hr"
    " hrs"
)
_LENGTHS: Final = listed(
    "duration length time period term delay interval ttl timeout deadline"
)
_THINGS: Final = listed(
    "people person persons guest guests adult adults child"
    " children kid kids attendee attendees participant"
    " participants seat seats room rooms page pages word words"
    " line lines item items piece pieces copy copies time"
    " times file files message messages email emails ticket"
    " tickets mile miles metre metres meter meters km kg"
    " degrees"
)
_COUNTS: Final = listed("count number quantity size party capacity max min total n")
_PERCENT: Final = listed("percent percentage %")
_RATES: Final = listed("percent percentage rate ratio share discount tip tax interest")
_MOMENTS: Final = listed(
    "year month day date hour time when start end begin from until due"
)
_BEFORE: Final = re.compile(r"(?:(\S+)\s+)?([^\s\d]\S*?|#)[:\s]*\Z")
_AFTER: Final = re.compile(r"[\s-]*([a-z]+|%)")
_IN_A_YEAR: Final = re.compile(r"\b(?:in|since|during|of)\s+\Z")
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}", re.ASCII)
_CURRENCIES: Final = "$\u20ac\u00a3\u00a5"


def is_number_for(
    text: str,
    span: tuple[int, int],
    use: Use,
    *,
    moments: Sequence[tuple[int, int]],
) -> bool:
    """Whether the number at this place of a folded *text* may be what *use* asks for.

    The *moments* are the places where the text says dates and times.
    """
    nouns = _nouns(text, span, moments)
    return nouns is None or not nouns.isdisjoint(use.words)


def is_count_for(
    text: str,
    span: tuple[int, int],
    use: Use,
) -> bool:
    """Whether a number in letters may be what *use* asks for: how many, of what stands there."""
    nouns = _unit(text[span[1] :]) or _COUNTS
    return not nouns.isdisjoint(use.words)


def is_bare(
    text: str,
    span: tuple[int, int],
    moments: Sequence[tuple[int, int]],
) -> bool:
    """Whether the number at this place says of nothing what it is a number of."""
    return _nouns(text, span, moments) is None


def _nouns(
    text: str,
    span: tuple[int, int],
    moments: Sequence[tuple[int, int]],
) -> frozenset[str] | None:
    """Return how an argument is called that takes the number; None for a bare one."""
    start, end = span
    if text[:start][-1:] in _CURRENCIES and start:
        return None
    if any(first <= start and end <= last for first, last in moments):
        return frozenset(_MOMENTS)
    if _YEAR.fullmatch(text, start, end) and _IN_A_YEAR.search(text[:start][-12:]):
        return frozenset({"year", *_IDS})
    return _label(text[:start], text[end:]) or _unit(text[end:])


def _label(before: str, after: str) -> frozenset[str] | None:
    before = before[-64:]
    match = _BEFORE.search(before)
    if match is None:
        return None
    further, word = match[1] or "", match[2].lstrip("(\"'")
    if word == "#":
        return frozenset({further, *_IDS})
    if word not in _LABELS or _is_verb(word, before[: match.start(2)], after):
        return None
    owner = {further} if word in _NUMBERED else set()
    return frozenset({word, word.rstrip("."), *owner, *_IDS})


def _is_verb(word: str, before: str, after: str) -> bool:
    """Whether a label bids that something be ordered, so that the number after it counts."""
    bids = word in _VERBS and _BIDS.search(before[-32:])
    return bool(bids) and _COUNTED.match(after[:32]) is not None


def _unit(after: str) -> frozenset[str] | None:
    match = _AFTER.match(after[:32])
    if match is None:
        return None
    word = match[1]
    for units, called in (
        (_TIMES, _LENGTHS | _COUNTS),
        (_THINGS, _COUNTS),
        (_PERCENT, _RATES),
    ):
        if word in units:
            return frozenset({word, word.rstrip("s"), f"{word}s", *called})
    return None
