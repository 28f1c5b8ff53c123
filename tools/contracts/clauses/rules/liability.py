"""Tells unlimited liability from a limit on it, which the same words surround.

A unit that says liability has no limit states *Uncapped Liability*, whatever the scorers make of
its words, and is no *Cap On Liability*. Pure.
"""

import re
from typing import Final

from interlock.tools.contracts.clauses.rules.denial import denies

CAPPED: Final = "Cap On Liability"
UNCAPPED: Final = "Uncapped Liability"
#: Given to a text that says so in words
CONFIDENCE: Final = 0.6
_TOPIC: Final = re.compile(r"\b(?:liab(?:le|ility|ilities)|damages)\b", re.IGNORECASE)


def is_uncapped(text: str) -> bool:
    """Tell whether one sentence says that a liability has no limit."""
    if _TOPIC.search(text) is None:
        return False
    return denies(CAPPED, text) and not denies(UNCAPPED, text)
