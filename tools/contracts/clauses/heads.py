"""Picks the exact words that name a contract, its parties and its dates.

Each candidate span is described by its words, the words about it, its place and how often its text
recurs; a trained scorer turns that into a calibrated confidence. Spans are offsets in Unicode code
points. Pure and deterministic.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.tools.contracts.clauses.candidates import FORM, ZONE, Candidate, Kind, candidates
from interlock.tools.contracts.clauses.features import Rows, named_rows, word_shape
from interlock.tools.contracts.clauses.weights import Floats, Linear

CATEGORIES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "title": ("Document Name",),
    "date": ("Agreement Date", "Effective Date"),
    "name": ("Parties",),
}
MOST: Final[Mapping[str, int]] = {
    "Document Name": 1,
    "Agreement Date": 1,
    "Effective Date": 1,
    "Parties": 8,
}

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?|\d+|[^\w\s]|_+")
_LEGAL = re.compile(rf"\b{FORM}\b")
_CUE = re.compile(
    r"\b(between|among|whereas|witnesseth|recitals|contents|agree|dated|entered)\b", re.IGNORECASE
)
_LEFT, _RIGHT = 6, 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Pick:
    """A candidate worth showing for a category, with its calibrated confidence."""

    category: str
    start: int
    end: int
    confidence: float


def picks(text: str, scorers: Mapping[str, Linear]) -> tuple[Pick, ...]:
    """The best candidates of each category, at most `MOST`, none overlapping or repeating another of its category."""
    found = candidates(text)
    chosen: list[Pick] = []
    for kind, categories in CATEGORIES.items():
        same = [one for one in found if one.kind == kind]
        if not same:
            continue
        scorer = scorers[kind]
        confidences = scorer.confidences(describe(text, same))
        for category in categories:
            column = scorer.labels.index(category)
            chosen.extend(
                _best(text, same, confidences[:, column], category, float(scorer.threshold[column]))
            )
    return tuple(chosen)


def _best(
    text: str, same: Sequence[Candidate], confidences: Floats, category: str, threshold: float
) -> Iterator[Pick]:
    taken: list[Candidate] = []
    seen: set[str] = set()
    for index in np.argsort(-confidences, kind="stable"):
        one, confidence = same[index], float(confidences[index])
        if confidence < threshold or len(taken) == MOST[category]:
            return
        words = " ".join(text[one.start : one.end].lower().split())
        if words in seen or any(one.start < other.end and other.start < one.end for other in taken):
            continue
        taken.append(one)
        seen.add(words)
        yield Pick(category=category, start=one.start, end=one.end, confidence=confidence)


def describe(text: str, found: Sequence[Candidate]) -> Rows:
    """The features of each candidate, in order."""
    zone = text[: ZONE + 200]
    matches = list(_WORD.finditer(zone))
    words = [word_shape(match.group()) for match in matches]
    starts, ends = [match.start() for match in matches], [match.end() for match in matches]
    cues = [(match.start(), match.group().lower()) for match in _CUE.finditer(zone)]
    recurs = Counter(_plain(zone, one) for one in found)
    earlier: Counter[str] = Counter()
    described = []
    for ordinal, one in enumerate(found):
        first, last = bisect_left(starts, one.start), bisect_right(ends, one.end)
        names = [
            *_inside(words[first:last]),
            *_about(words, first, last),
            *_place(zone, one),
            *_cued(cues, one),
        ]
        same = _plain(zone, one)
        counts = [
            f"ordinal:{min(ordinal, 12)}",
            f"recurs:{min(recurs[same], 6)}",
            f"earlier:{min(earlier[same], 3)}",
        ]
        earlier[same] += 1
        described.append([*names, *counts])
    return named_rows(described)


def _plain(zone: str, one: Candidate) -> str:
    return zone[one.start : one.end].lower()


def _inside(words: Sequence[str]) -> list[str]:
    ends = (
        [f"first:{words[0]}", f"last:{words[-1]}", f"both:{words[0]} {words[-1]}"] if words else []
    )
    return [*(f"in:{word}" for word in words), *ends, f"count:{min(len(words), 15)}"]


def _about(words: Sequence[str], first: int, last: int) -> list[str]:
    left, right = words[max(0, first - _LEFT) : first][::-1], words[last : last + _RIGHT]
    near = [f"left{at}:{word}" for at, word in enumerate(left[:3])] + [
        f"right{at}:{word}" for at, word in enumerate(right[:3])
    ]
    pairs = [f"left:{left[1]} {left[0]}"] if len(left) > 1 else []
    both = f"about:{left[0] if left else '^'} {right[0] if right else '$'}"
    return [
        *near,
        *pairs,
        both,
        *(f"before:{word}" for word in left),
        *(f"after:{word}" for word in right),
    ]


def _place(zone: str, one: Candidate) -> list[str]:
    inner, before, after = (
        zone[one.start : one.end],
        zone[: one.start].rstrip(" \t\xa0"),
        zone[one.end :].lstrip(" \t\xa0,.;"),
    )
    form = "upper" if inner.isupper() else "title" if inner.istitle() else "mixed"
    return [
        f"form:{form}",
        f"legal:{bool(_LEGAL.search(inner))}",
        f"alone:{not before or before[-1] == chr(10)}{not after or after[0] == chr(10)}",
        f"quoted:{before[-1:] in set('“”' + chr(34))}",
        f"gap:{zone[max(0, one.start - 2) : one.start].isspace()}",
        f"place:{(one.start // 50 + 1).bit_length()}",
        f"cut:{'a' if zone[max(0, one.start - 1) : one.start].isalnum() else ''}{'b' if zone[one.end : one.end + 1].isalnum() else ''}",  # noqa: E501 - one feature, one line
    ]


def _cued(cues: Sequence[tuple[int, str]], one: Candidate) -> list[str]:
    """Which telling words came before, and which of them last and how far back."""
    before = [(at, word) for at, word in cues if at < one.start]
    last = (
        f"cue:{before[-1][1]} {((one.start - before[-1][0]) // 25).bit_length()}"
        if before
        else "cue:^"
    )
    return [last, *sorted({f"past:{word}" for _, word in before})]
