"""The numbered sections of a contract, as far as their numbers run on."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, TypeAlias

Number: TypeAlias = tuple[int, ...]

#: At the beginning of a line: `12.3 Word`, `12. Word`, `Section 12 Word`
_HEADING: Final = re.compile(
    r"^[ \t]*(?:(?P<named>(?:section|article|clause)\s+)?(?P<number>\d{1,2}(?:\.\d{1,2}){0,3})"
    r"(?P<mark>[.):]?))(?=\s+[\"\u201c(]?[A-Z])",
    re.MULTILINE | re.IGNORECASE,
)
_CAPITAL: Final = re.compile(r"\s+[\"\u201c(]?[A-Z]")
_SKIPS: Final = 3  # numbers that may be missing between two sections


@dataclass(frozen=True, kw_only=True, slots=True)
class Sections:
    """Where each numbered section starts, and its number."""

    starts: tuple[int, ...]
    numbers: tuple[str, ...]

    def at(self, offset: int) -> str:
        """Return the number of the section that *offset* lies in, or nothing when none is known."""
        index = bisect_right(self.starts, offset)
        return self.numbers[index - 1] if index else ""


def sections(text: str) -> Sections:
    """Return the sections of *text*: a number counts only where it follows the one before.

    So a sum or a date at the beginning of a line is no section.
    """
    starts = []
    numbers = []
    last: Number = ()
    for heading in _HEADING.finditer(text):
        written = heading["number"]
        is_marked = heading["named"] or heading["mark"] or "." in written
        if not is_marked or not _CAPITAL.match(text, heading.end()):
            continue
        number = tuple(int(part) for part in written.split("."))
        if not _follows(number, last):
            continue
        last = number
        starts.append(heading.start())
        numbers.append(written)
    return Sections(starts=tuple(starts), numbers=tuple(numbers))


def _follows(number: Number, last: Number) -> bool:
    """Tell whether the number opens a level, or goes on at the level of *last* or above."""
    if number in {(1,), (*last, 1)}:
        return True
    level = len(number) - 1
    if level >= len(last) or number[:level] != last[:level]:
        return number[1:] == (1,) and _follows(number[:1], last)
    return last[level] < number[level] <= last[level] + _SKIPS
