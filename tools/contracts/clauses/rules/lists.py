"""Joins a lead-in with the list that it opens: "the following:" says nothing without its items."""

import re
from collections.abc import Sequence
from typing import Final

from interlock.tools.contracts.clauses.segmentation import Unit

MOST_ITEMS: Final = 10
LONGEST: Final = 3_000  # code points of a lead-in and its list
_ITEM: Final = re.compile(
    r"(?:\((?:[a-zA-Z]|[ivxIVX]{1,5}|\d{1,2})\)|(?:[a-z]|[ivx]{1,5}|\d{1,2})[.)]"
    r"|[•●·○▪\u2013-])\s"
)


def last_item(text: str, units: Sequence[Unit], lead: int) -> int:
    """Return the index of the last item of the list that a unit opens; the unit's own for none."""
    last = lead
    if not text[units[lead].start : units[lead].end].endswith(":"):
        return last
    for index in range(lead + 1, min(lead + 1 + MOST_ITEMS, len(units))):
        unit = units[index]
        if not _ITEM.match(text, unit.start, unit.end):
            break
        if unit.end - units[lead].start > LONGEST:
            break
        last = index
    return last
