"""Cuts a text into sentence-like units with exact offsets.

A unit is `text[start:end]`, measured in Unicode code points, without white space at either side.
Units are ordered, never overlap, cover every character that is not white space, and are at most
`LONGEST` long. Pure, and linear in the text: the only search is for runs of white space, and each
run is judged by the word before it and the few characters after it.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

LONGEST = 2_000

_GAP = re.compile(r"\s+")
_NUMBER = (
    r"\(?(?:[a-zA-Z]|\d{1,3}(?:\.\d{1,3}){0,4}|[ivxlIVXL]{1,6})(?:[.):]\)?)"
    r"|\d{1,3}(?:\.\d{1,3}){1,4}"
)
_ENUMERATOR = re.compile(rf"(?:{_NUMBER})(?=\s)")
_ONLY_ENUMERATORS = re.compile(
    rf"(?:(?:section|article|§)\s{{1,4}})?(?:(?:{_NUMBER})\s{{0,8}}){{1,3}}",
    re.IGNORECASE,
)
_INITIALS = re.compile(r"[(\"“]?(?:[A-Za-z]\.){1,6}")
_ABBREVIATIONS = frozenset(
    "inc corp co ltd llc l.l.c plc bros no nos sec secs art arts para cl ch vol ed fig ex exh "  # noqa: SIM905 - words
    "approx est dept div assn intl mr mrs ms dr messrs hon jr sr st ave blvd rd ste fl bldg v "
    "vs cf e.g i.e eg ie viz et al seq etc jan feb mar apr jun jul aug sept oct nov dec u.s u.k "
    "u.s.c c.f.r n.a s.a n.v b.v p.m a.m ph.d".split()
)
_CLOSERS = "\"'”\u2019)]"
_OPENERS = "\"'“\u2018([_$"
_ENDERS = frozenset(".;:?!" + _CLOSERS)
_WIDE = 3  # spaces that set an enumerator apart, in texts whose line ends were lost
_NUMBER_LONGEST = 24
#: A line this short that ends without a stop is a title or a table cell, not a wrapped sentence
_SHORT_LINE = 48


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """One sentence-like stretch, `text[start:end]`."""

    start: int
    end: int


def units(text: str, most: int | None = None) -> tuple[Unit, ...]:
    """Return the units of a text, in order; none for a text of white space alone.

    Of a text with more than *most* units only the first are returned.
    """
    every = chain.from_iterable(
        _capped(text, start, end) for start, end in _sentences(text)
    )
    return tuple(islice(every, most))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Gap:
    """White space `begin:end`, and where the unit, line and word before it start."""

    start: int
    line: int
    word: int
    begin: int
    end: int
    newlines: int


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    word = 0
    line = 0
    for match in _GAP.finditer(text):
        begin, end = match.span()
        newlines = text.count("\n", begin, end)
        gap = _Gap(
            start=start,
            line=line,
            word=word,
            begin=begin,
            end=end,
            newlines=newlines,
        )
        if begin == start:
            start = end
        elif _may_break(text, gap) and _is_break(text, gap):
            yield start, begin
            start = end
        word = end
        if newlines:
            line = end
    stop = len(text.rstrip())
    if start < stop:
        yield start, stop


def _may_break(text: str, gap: _Gap) -> bool:
    """Tell whether a unit can end at the gap; most gaps are one space between two words."""
    if gap.end >= len(text):
        return False
    return (
        gap.newlines > 0
        or gap.end - gap.begin >= _WIDE
        or text[gap.begin - 1] in _ENDERS
    )


def _is_break(text: str, gap: _Gap) -> bool:
    """Tell whether a unit ends at the gap."""
    is_short = gap.begin - gap.start <= _NUMBER_LONGEST
    if is_short and _ONLY_ENUMERATORS.fullmatch(text, gap.start, gap.begin):
        return False  # a bare number belongs to what it numbers
    after = text[gap.end]
    if gap.newlines >= 2:  # noqa: PLR2004 - an empty line
        return not after.islower() or text[gap.begin - 1] in ".;:?!"
    last = text[gap.word : gap.begin].rstrip(_CLOSERS)
    if not last.endswith((".", "?", "!", ";", ":")):
        return _is_line_break(text, gap, last)
    if last.endswith(".") and _is_abbreviation(last):
        return False
    return _opens(after)


def _is_line_break(text: str, gap: _Gap, last: str) -> bool:
    """Tell whether a unit without a closing stop ends at the gap.

    It does before an enumerator, and after a short line.
    """
    if not gap.newlines and gap.end - gap.begin < _WIDE:
        return False
    if _ENUMERATOR.match(text, gap.end, gap.end + _NUMBER_LONGEST):
        return not last.endswith(("ection", "rticle", "aragraph", "xhibit"))
    if not gap.newlines or last[-1:] in {",", "-"}:
        return False
    return gap.begin - gap.line < _SHORT_LINE and text[gap.end].isupper()


def _opens(first: str) -> bool:
    return first.isupper() or first.isdigit() or first in _OPENERS


def _is_abbreviation(word: str) -> bool:
    bare = word.lstrip(_OPENERS).rstrip(".,").lower()
    return bare in _ABBREVIATIONS or _INITIALS.fullmatch(word) is not None


def _capped(text: str, start: int, end: int) -> Iterator[Unit]:
    """Yield the stretch as units of at most `LONGEST`.

    A stretch that is too long is cut at the last semicolon, else comma, else space in the second
    half of the longest length, else anywhere.
    """
    while end - start > LONGEST:
        cut = _cut(text, start + LONGEST // 2, start + LONGEST)
        piece = text[start:cut].rstrip()
        yield Unit(start=start, end=start + len(piece))
        start = cut
        while text[start].isspace():
            start += 1
    if start < end:
        yield Unit(start=start, end=end)


def _cut(text: str, half: int, limit: int) -> int:
    for mark in (";", ","):
        place = text.rfind(mark, half, limit)
        if place >= 0:
            return place + 1
    for place in range(limit - 1, half - 1, -1):
        if text[place].isspace():
            return place
    return limit


def unit_at(units: tuple[Unit, ...], offset: int) -> int:
    """Return the index of the first unit that ends after an offset; `len(units)` for none."""
    return bisect_left(units, offset + 1, key=_end)


def _end(unit: Unit) -> int:
    return unit.end
