"""Corrects which names are parties by the words right beside them.

A bank in an address, an agency that rates an insurer and a director who signs are no parties. A
name that the preamble sets "between" or "and", right before the end of its phrase, is one, however
it is spelled. Pure; each look is a few words long.
"""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from interlock.tools.contracts.clauses.candidates import ZONE, Candidate
from interlock.tools.contracts.clauses.weights import Floats

#: What a name that the preamble names in its place is worth
NAMED: Final = 0.6
_BEFORE: Final = 240  # code points looked at
_AFTER: Final = 40
_ASIDE: Final = re.compile(
    r"\brat(?:ed|ings?)\b[^.;]{0,120}$"
    r"|\b(?:near|opposite|behind|represented by|represented by its [^.;]{0,40}"
    r"|through its [^.;]{0,30}|signed by|attention|attn|c/o)[:,]?\s{1,3}$",
    re.IGNORECASE,
)
_OFFICE: Final = (
    r"(?:(?:its|the|an?) )?(?:managing |executive )?(?:director|president|chief \w+ officer|ceo"
    r"|secretary|manager)"
)
_RATED: Final = re.compile(rf"\W{{0,3}}(?:rating|rated|{_OFFICE} of)\b", re.IGNORECASE)
_OFFICE_OF: Final = re.compile(rf"{_OFFICE} of\s{{1,3}}$", re.IGNORECASE)
_BETWEEN: Final = re.compile(
    r"\b(?:between|among)\b:?(?:[^;]{0,200}[^;\w]and)?\s{1,3}$", re.IGNORECASE
)
_PREAMBLE: Final = 600  # code points after the first "between"
_OPENING: Final = re.compile(r"\b(?:between|among)\b", re.IGNORECASE)
_COMMON: Final = re.compile(
    r"(?:the|its|their|our|your|any|each|all|to|an?|such|both|certain)\b"
    r"|.*\b(?:agreement|parties)$",
    re.IGNORECASE,
)
_ENDS: Final = re.compile(r"\s{0,2}(?:[,.(]|and\b)")


def corrected(text: str, same: Sequence[Candidate], confidences: Floats) -> Floats:
    """Return the confidences of the names, as the words beside each of them correct it."""
    better = confidences.copy()
    opening = _OPENING.search(text[:ZONE])
    last = opening.end() + _PREAMBLE if opening else 0
    for index, candidate in enumerate(same):
        before = text[max(0, candidate.start - _BEFORE) : candidate.start]
        name = text[candidate.start : candidate.end]
        after = text[candidate.end : candidate.end + _AFTER]
        if _ASIDE.search(before) or _RATED.match(after):
            better[index] = 0
        elif candidate.start <= last and _is_named(before, name, after):
            better[index] = max(NAMED, float(better[index]))
    return np.asarray(better, dtype=np.float32)


def _is_named(before: str, name: str, after: str) -> bool:
    if _ENDS.match(after) is None or _COMMON.match(name):
        return False
    return bool(_BETWEEN.search(before) or _OFFICE_OF.search(before))
