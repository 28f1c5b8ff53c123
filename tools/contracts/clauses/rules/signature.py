"""Finds the date of a contract beside its signatures, where no date stands at its front.

Pure; one look at the end of the text.
"""

import re
from typing import Final

from interlock.tools.contracts.clauses.candidates import DATE

#: Of the dates that this rule names, so many were the contract's, on the training contracts
CONFIDENCE: Final = 0.4
_END: Final = 4_000  # code points
_SIGNED: Final = re.compile(
    r"\b(?:dated?|executed|signed|effective|made|on this)\b[^.;]{0,60}$", re.IGNORECASE
)
_BEFORE: Final = 80


def signed_on(text: str) -> tuple[int, int] | None:
    """Return the span of the first date at the end of a text that words of signing lead to."""
    begin = max(0, len(text) - _END)
    for date in DATE.finditer(text, begin):
        before = text[max(begin, date.start() - _BEFORE) : date.start()]
        has_digit = any(letter.isdigit() for letter in date.group())
        if has_digit and _SIGNED.search(before):
            return date.span()
    return None
