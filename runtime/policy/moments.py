"""Moments: the numbers, dates and times that a text says, and those that a value is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Final

from interlock.runtime.policy.boundary import begins, ends

_NUMBER: Final = re.compile(
    r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?", re.ASCII
)
#: Beside a number, with blanks between: the parts of a telephone or an account number
_GROUP_BEFORE: Final = re.compile(r"[0-9][ \t]+\Z", re.ASCII)
_GROUP_AFTER: Final = re.compile(r"[ \t]+[0-9]", re.ASCII)
_DECIMAL: Final = re.compile(
    r"-?(?:0|[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII
)
#: Digits of the longest number
_LONGEST: Final = 24

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sept", "sep"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}
_MONTH: Final = r"(?P<month>" + "|".join(_MONTHS) + r")\.?"
_DAY: Final = r"(?P<day>3[01]|[12][0-9]|0?[1-9])(?:st|nd|rd|th)?"
_YEAR: Final = r"(?:,?\s+(?P<year>[12][0-9]{3}))?"
_DATES: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?=t[0-9]{2}:)?",
        rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}{_YEAR}(?![\w:]|[.,][0-9])",
        rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}{_YEAR}(?![\w:]|[.,][0-9])",
    )
)
_CLOCK: Final = re.compile(
    r"(?<![\w:.,/@-])(?P<hour>2[0-3]|[01]?[0-9])(?::(?P<minute>[0-5][0-9])"
    r"(?::(?P<second>[0-5][0-9]))?)?\s?(?P<half>[ap]\.?m\b\.?)?(?![\w:]|[.,][0-9])"
    r"|(?P<named>\b(?:noon|midnight)\b)",
    re.ASCII,
)
_AFTER_DATE: Final = re.compile(r"(?<=[0-9])t(?=[0-9]{2}:)", re.ASCII)
_SPAN: Final = re.compile(
    r"(?P<count>half\s+an|an?|[0-9]{1,3}(?:\.[05])?|one|two|three|four|five|six)[\s-]+"
    r"(?P<unit>hours?|hrs?|minutes?|mins?)\b",
    re.ASCII,
)
_COUNTS: Final = {
    "half an": Decimal("0.5"),
    "a": Decimal(1),
    "an": Decimal(1),
    "one": Decimal(1),
    "two": Decimal(2),
    "three": Decimal(3),
    "four": Decimal(4),
    "five": Decimal(5),
    "six": Decimal(6),
}
_MINUTES_A_DAY: Final = 24 * 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A date, a time of the day, or both, without a zone."""

    day: date | None = None
    clock: time | None = None


def numbers(text: str) -> dict[Decimal, list[tuple[int, int]]]:
    """Return the numbers that a folded *text* says, each with where it stands.

    A group of a longer number, a part of a name and what is cut by a boundary are none.
    """
    said: dict[Decimal, list[tuple[int, int]]] = {}
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        if not (begins(text, start) and ends(text, end)) or end - start > _LONGEST:
            continue
        if _GROUP_BEFORE.search(text[:start][-8:]) or _GROUP_AFTER.match(text, end):
            continue
        number = Decimal(match[0].replace(",", ""))
        said.setdefault(number, []).append(match.span())
    return said


def number_of(text: str) -> Decimal | None:
    """Return the number that a text is as a whole; None for a code that begins with a nought."""
    if len(text) > _LONGEST or not _DECIMAL.fullmatch(text):
        return None
    return Decimal(text.replace(",", ""))


def dates(text: str) -> set[date]:
    """Return the dates that a folded *text* says: in ISO form, or with an English month.

    A day without a year is of the only year that the text names, or is none (fails closed).
    """
    matches = [match for pattern in _DATES for match in _bounded(pattern, text)]
    years = {int(match["year"]) for match in matches if match["year"]}
    only = years.pop() if len(years) == 1 else 0
    said: set[date] = set()
    for match in matches:
        year = int(match["year"] or only)
        month = _MONTHS.get(match["month"]) or int(match["month"])
        try:
            said.add(
                date(
                    year,
                    month,
                    int(match["day"]),
                )
            )
        except ValueError:
            continue  # there is no such day
    return said


def moment_spans(text: str) -> list[tuple[int, int]]:
    """Return where a folded *text* says a date, or a time of the day by more than its hour."""
    matches = [match for pattern in _DATES for match in _bounded(pattern, text)]
    timed = [match for match in _CLOCK.finditer(text) if _clock(match) is not None]
    return [match.span() for match in (*matches, *timed)]


def clocks(text: str) -> set[time]:
    """Return the times of the day that a folded *text* says.

    A time is the one that is said, or that plus a length that is said: "at 10:00 for one hour".
    """
    text = _AFTER_DATE.sub(" ", text)
    said = set(filter(None, map(_clock, _CLOCK.finditer(text))))
    lengths = {_minutes(match) for match in _SPAN.finditer(text)}
    return said | {
        later
        for start in said
        for minutes in lengths
        if (later := _later(start, minutes)) is not None
    }


def moment_of(text: str) -> Moment | None:
    """Return the date, the time or both that a text is as a whole, in ISO form without a zone."""
    day, blank, clock = text.partition("T" if "T" in text else " ")
    try:
        if blank:
            return Moment(
                day=_iso_day(day),
                clock=_iso_clock(clock),
            )
        if ":" in text:
            return Moment(clock=_iso_clock(text))
        return Moment(day=_iso_day(text))
    except ValueError:
        return None


def _bounded(
    pattern: re.Pattern[str],
    text: str,
) -> Iterator[re.Match[str]]:
    for match in pattern.finditer(text):
        start, end = match.span()
        is_timed = _AFTER_DATE.match(text, end) is not None
        if begins(text, start) and (is_timed or ends(text, end)):
            yield match


def _clock(match: re.Match[str]) -> time | None:
    if match["named"]:
        return time(12 if match["named"] == "noon" else 0)
    hour = int(match["hour"])
    half = match["half"]
    if not half and not match["minute"]:
        return None  # a number like any other
    if half:
        if not 1 <= hour <= 12:  # noqa: PLR2004 - the hours of a clock's face
            return None
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    return time(
        hour,
        int(match["minute"] or 0),
        int(match["second"] or 0),
    )


def _minutes(match: re.Match[str]) -> int:
    written = " ".join(match["count"].split())
    count = _COUNTS.get(written) or Decimal(written)
    return int(count * 60) if match["unit"][0] == "h" else int(count)


def _later(
    start: time,
    minutes: int,
) -> time | None:
    total = start.hour * 60 + start.minute + minutes
    if total >= _MINUTES_A_DAY:
        return None  # another day, which nobody named
    return time(
        total // 60,
        total % 60,
        start.second,
    )


def _iso_day(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        raise ValueError(text)
    return date.fromisoformat(text)


def _iso_clock(text: str) -> time:
    if not re.fullmatch(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?", text, re.ASCII):
        raise ValueError(text)
    return time.fromisoformat(text)
