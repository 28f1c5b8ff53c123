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

LONGEST = 2_000

_GAP = re.compile(r"\s+")
_NUMBER = r"\(?(?:[a-zA-Z]|\d{1,3}(?:\.\d{1,3}){0,4}|[ivxlIVXL]{1,6})(?:[.):]\)?)|\d{1,3}(?:\.\d{1,3}){1,4}"
_ENUMERATOR = re.compile(rf"(?:{_NUMBER})(?=\s)")
_ONLY_ENUMERATORS = re.compile(
    rf"(?:(?:section|article|§)\s{{1,4}})?(?:(?:{_NUMBER})\s{{0,8}}){{1,3}}", re.IGNORECASE
)
_INITIALS = re.compile(r"[(\"“]?(?:[A-Za-z]\.){1,6}")
_ABBREVIATIONS = frozenset(
    "inc corp co ltd llc l.l.c plc bros no nos sec secs art arts para cl ch vol ed fig ex exh approx est dept div assn intl "  # noqa: SIM905 - words read best as words
    "mr mrs ms dr messrs hon jr sr st ave blvd rd ste fl bldg v vs cf e.g i.e eg ie viz et al seq etc "
    "jan feb mar apr jun jul aug sept oct nov dec u.s u.k u.s.c c.f.r n.a s.a n.v b.v p.m a.m ph.d".split()
)
_CLOSERS = "\"'”\u2019)]"
_OPENERS = "\"'“\u2018([_$"
_ENDERS = frozenset(".;:?!" + _CLOSERS)
_WIDE = 3  # spaces that set an enumerator apart, in texts whose line ends were lost
_NUMBER_LONGEST = 24
_SHORT_LINE = 48  # a line this short that ends without a stop is a title or a table cell, not a wrapped sentence


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """One sentence-like stretch, `text[start:end]`."""

    start: int
    end: int


def units(text: str) -> tuple[Unit, ...]:
    """The units of a text, in order; empty for a text of white space alone."""
    found: list[Unit] = []
    for start, end in _sentences(text):
        found.extend(_capped(text, start, end))
    return tuple(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Gap:
    """White space `begin:end`, the unit that `start`s before it, and the last word and line of that unit."""

    start: int
    line: int
    word: int
    begin: int
    end: int
    newlines: int


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    start = word = line = 0
    for match in _GAP.finditer(text):
        begin, end = match.span()
        newlines = text.count("\n", begin, end)
        if begin == start:
            start = end
        elif (
            end < len(text)
            and (newlines or end - begin >= _WIDE or text[begin - 1] in _ENDERS)
            and _is_break(
                text,
                _Gap(start=start, line=line, word=word, begin=begin, end=end, newlines=newlines),
            )
        ):
            yield start, begin
            start = end
        word = end
        if newlines:
            line = end
    stop = len(text.rstrip())
    if start < stop:
        yield start, stop


def _is_break(text: str, gap: _Gap) -> bool:
    """Whether a unit ends at the gap."""
    if gap.begin - gap.start <= _NUMBER_LONGEST and _ONLY_ENUMERATORS.fullmatch(
        text, gap.start, gap.begin
    ):
        return False  # a bare number belongs to what it numbers
    after = text[gap.end]
    if gap.newlines >= 2:  # noqa: PLR2004 - an empty line
        return not (after.islower() and text[gap.begin - 1] not in ".;:?!")
    last = text[gap.word : gap.begin].rstrip(_CLOSERS)
    if last.endswith((".", "?", "!", ";", ":")):
        return _opens(after) and not (last.endswith(".") and _is_abbreviation(last))
    return _is_line_break(text, gap, last)


def _is_line_break(text: str, gap: _Gap, last: str) -> bool:
    """Whether a unit without a closing stop ends at the gap: before an enumerator, or after a short line."""
    if not gap.newlines and gap.end - gap.begin < _WIDE:
        return False
    if _ENUMERATOR.match(text, gap.end, gap.end + _NUMBER_LONGEST):
        return not last.endswith(("ection", "rticle", "aragraph", "xhibit"))
    short = gap.begin - gap.line < _SHORT_LINE and last[-1:] not in {",", "-"}
    return bool(gap.newlines) and short and text[gap.end].isupper()


def _opens(first: str) -> bool:
    return first.isupper() or first.isdigit() or first in _OPENERS


def _is_abbreviation(word: str) -> bool:
    bare = word.lstrip(_OPENERS).rstrip(".,").lower()
    return bare in _ABBREVIATIONS or _INITIALS.fullmatch(word) is not None


def _capped(text: str, start: int, end: int) -> Iterator[Unit]:
    """Cut at the last semicolon, else comma, else space in the second half of the longest length; else anywhere."""
    while end - start > LONGEST:
        half, limit = start + LONGEST // 2, start + LONGEST
        cut = max(text.rfind(";", half, limit), 0) or max(text.rfind(",", half, limit), 0)
        cut = cut + 1 if cut else _last_space(text, half, limit)
        yield Unit(start=start, end=start + len(text[start:cut].rstrip()))
        start = cut
        while text[start].isspace():
            start += 1
    if start < end:
        yield Unit(start=start, end=end)


def _last_space(text: str, half: int, limit: int) -> int:
    for at in range(limit - 1, half - 1, -1):
        if text[at].isspace():
            return at
    return limit


def unit_at(found: tuple[Unit, ...], offset: int) -> int:
    """The index of the first unit that ends after an offset; `len(found)` when there is none."""
    return bisect_left(found, offset + 1, key=lambda unit: unit.end)
