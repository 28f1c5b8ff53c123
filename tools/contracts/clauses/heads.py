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

from interlock.tools.contracts.clauses.answers import Answer
from interlock.tools.contracts.clauses.candidates import (
    FORM,
    ZONE,
    Candidate,
    Kind,
    candidates,
)
from interlock.tools.contracts.clauses.features import Rows, named_rows, word_shape
from interlock.tools.contracts.clauses.rules import parties, signature
from interlock.tools.contracts.clauses.weights import Floats, Linear

PARTIES: Final = "Parties"
AGREEMENT_DATE: Final = "Agreement Date"
CATEGORIES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "title": ("Document Name",),
    "date": (AGREEMENT_DATE, "Effective Date"),
    "name": (PARTIES,),
}
MOST: Final[Mapping[str, int]] = {
    "Document Name": 1,
    "Agreement Date": 1,
    "Effective Date": 1,
    "Parties": 12,
}
#: The least confidence of a clause that is worth a look
POSSIBLE: Final = 0.1
#: The same of a head: a contract nearly always has a name, parties and dates
_POSSIBLE_HEAD: Final = 0.05

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?|\d+|[^\w\s]|_+")
_LEGAL = re.compile(rf"\b{FORM}\b")
_CUE = re.compile(
    r"\b(between|among|whereas|witnesseth|recitals|contents|agree|dated|entered)\b",
    re.IGNORECASE,
)
_QUOTES: Final = frozenset('“”"')
_LEFT: Final = 6  # words
_RIGHT: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Pick:
    """A candidate worth showing for a category, with its calibrated confidence."""

    category: str
    start: int
    end: int
    confidence: float
    answer: Answer


def picks(text: str, scorers: Mapping[str, Linear]) -> tuple[Pick, ...]:
    """Return the best candidates of each category, at most `MOST`.

    No candidate overlaps another one of its category or repeats its words.
    """
    chosen: list[Pick] = []
    for scored in _scored(text, scorers):
        most = MOST[scored.category]
        best = list(_best(text, scored, most, "found", least=scored.threshold))
        if not best:
            best = list(_best(text, scored, 1, "possible", least=_POSSIBLE_HEAD))
        chosen.extend(best)
    return tuple(_with_signature(text, chosen))


def _with_signature(text: str, chosen: Sequence[Pick]) -> list[Pick]:
    """Return the picks, and the date beside the signatures where the front names none as surely."""
    dates = [pick for pick in chosen if pick.category == AGREEMENT_DATE]
    sure = max((pick.confidence for pick in dates), default=0.0)
    if sure >= signature.CONFIDENCE or any(pick.answer == "found" for pick in dates):
        return list(chosen)
    signed = signature.signed_on(text)
    if signed is None:
        return list(chosen)
    beside = Pick(
        category=AGREEMENT_DATE,
        start=signed[0],
        end=signed[1],
        confidence=signature.CONFIDENCE,
        answer="possible",
    )
    others = [pick for pick in chosen if pick.category != AGREEMENT_DATE]
    return [*others, beside]


def every_pick(
    text: str, scorers: Mapping[str, Linear], *, most: int
) -> tuple[Pick, ...]:
    """Return the *most* best candidates of each category, whatever their confidence."""
    chosen: list[Pick] = []
    for scored in _scored(text, scorers):
        chosen.extend(_best(text, scored, most, "found", least=0.0))
    return tuple(chosen)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Scored:
    """The candidates of one category, with their confidences."""

    category: str
    threshold: float
    same: Sequence[Candidate]
    confidences: Floats


def _scored(text: str, scorers: Mapping[str, Linear]) -> Iterator[_Scored]:
    every = candidates(text)
    for kind, categories in CATEGORIES.items():
        same = [candidate for candidate in every if candidate.kind == kind]
        if not same:
            continue
        scorer = scorers[kind]
        confidences = scorer.confidences(describe(text, same))
        for category in categories:
            column = scorer.labels.index(category)
            confidence = confidences[:, column]
            if category == PARTIES:
                confidence = parties.corrected(text, same, confidence)
            yield _Scored(
                category=category,
                threshold=float(scorer.threshold[column]),
                same=same,
                confidences=confidence,
            )


def _ranked(scored: _Scored, least: float) -> Iterator[tuple[Candidate, float]]:
    """Yield the candidates of *least* confidence or more, the best first."""
    for index in np.argsort(-scored.confidences, kind="stable"):
        confidence = float(scored.confidences[index])
        if confidence < least:
            return
        yield scored.same[index], confidence


def _best(
    text: str,
    scored: _Scored,
    most: int,
    answer: Answer,
    *,
    least: float,
) -> Iterator[Pick]:
    taken: list[Candidate] = []
    taken_words: set[str] = set()
    for candidate, confidence in _ranked(scored, least):
        if len(taken) == most:
            return
        span = text[candidate.start : candidate.end]
        words = " ".join(span.lower().split())
        if words in taken_words:
            continue
        if any(_overlap(candidate, other) for other in taken):
            continue
        taken.append(candidate)
        taken_words.add(words)
        yield Pick(
            category=scored.category,
            start=candidate.start,
            end=candidate.end,
            confidence=confidence,
            answer=answer,
        )


def _overlap(first: Candidate, second: Candidate) -> bool:
    return first.start < second.end and second.start < first.end


def describe(text: str, same: Sequence[Candidate]) -> Rows:
    """Return the features of each candidate, in order."""
    zone = text[: ZONE + 200]
    matches = list(_WORD.finditer(zone))
    words = [word_shape(match.group()) for match in matches]
    starts = [match.start() for match in matches]
    ends = [match.end() for match in matches]
    cues = [(match.start(), match.group().lower()) for match in _CUE.finditer(zone)]
    recurs = Counter(_plain(zone, candidate) for candidate in same)
    earlier: Counter[str] = Counter()
    described = []
    for ordinal, candidate in enumerate(same):
        first = bisect_left(starts, candidate.start)
        last = bisect_right(ends, candidate.end)
        plain = _plain(zone, candidate)
        names = [
            *_inside(words[first:last]),
            *_about(words, first, last),
            *_place(zone, candidate),
            *_cued(cues, candidate),
            f"ordinal:{min(ordinal, 12)}",
            f"recurs:{min(recurs[plain], 6)}",
            f"earlier:{min(earlier[plain], 3)}",
        ]
        earlier[plain] += 1
        described.append(names)
    return named_rows(described)


def _plain(zone: str, candidate: Candidate) -> str:
    return zone[candidate.start : candidate.end].lower()


def _inside(words: Sequence[str]) -> Iterator[str]:
    """Yield what the words of the candidate say."""
    for word in words:
        yield f"in:{word}"
    if words:
        yield f"first:{words[0]}"
        yield f"last:{words[-1]}"
        yield f"both:{words[0]} {words[-1]}"
    yield f"count:{min(len(words), 15)}"


def _about(words: Sequence[str], first: int, last: int) -> Iterator[str]:
    """Yield what the words about the candidate say, the nearest first on either side."""
    left = words[max(0, first - _LEFT) : first][::-1]
    right = words[last : last + _RIGHT]
    for distance, word in enumerate(left[:3]):
        yield f"left{distance}:{word}"
    for distance, word in enumerate(right[:3]):
        yield f"right{distance}:{word}"
    if len(left) > 1:
        yield f"left:{left[1]} {left[0]}"
    before = left[0] if left else "^"
    after = right[0] if right else "$"
    yield f"about:{before} {after}"
    for word in left:
        yield f"before:{word}"
    for word in right:
        yield f"after:{word}"


def _place(zone: str, candidate: Candidate) -> Iterator[str]:
    """Yield what the letters in and about the candidate say."""
    start = candidate.start
    end = candidate.end
    inner = zone[start:end]
    before = zone[:start].rstrip(" \t\xa0")
    after = zone[end:].lstrip(" \t\xa0,.;")
    begins_line = not before or before[-1] == "\n"
    ends_line = not after or after[0] == "\n"
    previous = zone[max(0, start - 1) : start]
    following = zone[end : end + 1]
    cut_before = "a" if previous.isalnum() else ""
    cut_after = "b" if following.isalnum() else ""
    yield f"form:{_form(inner)}"
    yield f"legal:{_LEGAL.search(inner) is not None}"
    yield f"alone:{begins_line}{ends_line}"
    yield f"quoted:{before[-1:] in _QUOTES}"
    yield f"gap:{zone[max(0, start - 2) : start].isspace()}"
    yield f"place:{(start // 50 + 1).bit_length()}"
    yield f"cut:{cut_before}{cut_after}"


def _form(inner: str) -> str:
    if inner.isupper():
        return "upper"
    if inner.istitle():
        return "title"
    return "mixed"


def _cued(cues: Sequence[tuple[int, str]], candidate: Candidate) -> Iterator[str]:
    """Yield which telling words came before, and which of them last and how far back."""
    before = [(place, word) for place, word in cues if place < candidate.start]
    if before:
        place, word = before[-1]
        distance = (candidate.start - place) // 25
        yield f"cue:{word} {distance.bit_length()}"
    else:
        yield "cue:^"
    earlier = {word for _, word in before}
    for word in sorted(earlier):
        yield f"past:{word}"
