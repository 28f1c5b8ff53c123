"""Reduces a sentence to what it mainly says, so that a rule does not trip over its side remarks.

Conditions in front, provisos behind, and phrases whose negative word denies nothing are left out.
Pure; every repetition in a pattern is bounded.
"""

import re
from typing import Final

#: A negative word in these denies nothing
_HARMLESS: Final = re.compile(
    r"\b(?:including|such as),? ?\(?(?:but )?(?:is |are )?"
    r"(?:not limited to|without limitation)\)?,?"
    r"|\(?\bbut not limited to\)?|, ?without limitation,|\(without limitation\)"
    r"|\bnot (?:as )?(?:a )?penalt(?:y|ies)\b|\bwhether or not\b|\bif not\b|\bnot only\b"
    r"|\b(?:not|no) (?:less|more|later|fewer|earlier|sooner|greater|longer) than\b"
    r"|\bnot (?:to )?(?:be )?unreasonably\b|\bno longer\b|\bnon-? ?(?:payment|renewal)\b",
    re.IGNORECASE,
)
_CONDITION: Final = re.compile(
    r"(?:[^a-z]{0,12})(?:if|in the event|to the extent|where|when|upon|unless|except|without"
    r"|subject to|notwithstanding|failing)\b[^,]{0,300},",
    re.IGNORECASE,
)
_PROVISO: Final = re.compile(
    r"[,;( ](?:provided,?(?: however,?)? that|provided|except(?: that)?|unless|if|in the event"
    r"|to the extent|other than|so long as|but)\b",
    re.IGNORECASE,
)
_SHORTEST: Final = 24  # code points of a main clause


def main_clause(text: str) -> str:
    """Return the sentence on one line, without its harmless phrases, conditions and provisos."""
    line = _HARMLESS.sub(" ", " ".join(text.split()))
    condition = _CONDITION.match(line)
    if condition and len(line) - condition.end() >= _SHORTEST:
        line = line[condition.end() :].lstrip()
    proviso = _PROVISO.search(line, _SHORTEST)
    if proviso:
        line = line[: proviso.start()]
    return line
