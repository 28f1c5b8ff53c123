"""Phrases that state a category in so many words, and how often each of them is right.

The scorers learn from words that are frequent. A rare category, or a rare way to say a common one,
has phrases that leave little doubt. Such a phrase gives its unit at least the confidence that the
phrase earned on training contracts among the units that the scorers would not show; the file
`training.json` does not know of them. Pure; every repetition in a pattern is bounded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrase:
    """One way to state a category: a quick word that must occur, the pattern, and its precision."""

    category: str
    word: str
    pattern: re.Pattern[str]
    confidence: float


def _phrase(category: str, word: str, pattern: str, confidence: float) -> Phrase:
    return Phrase(
        category=category,
        word=word,
        pattern=re.compile(pattern, re.IGNORECASE),
        confidence=confidence,
    )


PHRASES: Final = (
    _phrase(
        "Cap On Liability",
        "cap",
        r"\b(?:liab\w+|damages)\b[^.;]{0,80}\b(?<!not )(?<!not be )capped at\b",
        0.6,
    ),
    _phrase(
        "Covenant Not To Sue",
        "sue",
        r"\bcovenants? not to sue\b",
        0.2,
    ),
    _phrase(
        "Governing Law",
        "law",
        r"\blaws? of (?:the )?[^.;,]{1,60} (?:shall |will )?(?:govern|apply to) (?:\w+ ){0,4}"
        r"(?:agreement|contract)\b|\blaw (?:applies to|governs|shall govern) this (?:agree|contr)",
        0.9,
    ),
    _phrase(
        "Irrevocable Or Perpetual License",
        "licen",
        r"\b(?:perpetual|irrevocable)\b[^.;]{0,80}\blicen[cs]e\b",
        0.65,
    ),
    _phrase(
        "No-Solicit Of Customers",
        "solicit",
        r"\b(?:not|neither|nor)\b[^.;]{0,120}\bsolicit\b[^.;]{0,60}\b(?:customers?|clients?)\b",
        0.5,
    ),
    _phrase(
        "Non-Disparagement",
        "disparag",
        r"\b(?:not|neither|nor)\b[^.;]{0,120}\bdisparag\w+",
        0.6,
    ),
    _phrase(
        "Termination For Convenience",
        "terminat",
        r"\bmay (?:\w+ )?terminate this (?:agreement|contract)[^.;]{0,120}\b(?:for any reason"
        r"|for (?:its )?convenience|with or without cause|without cause)\b"
        r"|\bmay (?:\w+ )?terminate this (?:agreement|contract) (?:at any time )?(?:up)?on "
        r"[^.;,]{0,40}"
        r"(?:days|months)['\u2019]? (?:prior )?(?:written )?notice[^.;,]{0,40}(?:\.|$)",
        0.6,
    ),
    _phrase(
        "Third Party Beneficiary",
        "benefici",
        r"\b(?:is|are|shall be)\b[^.;]{0,40}\bthird[- ]party beneficiar",
        0.55,
    ),
    _phrase(
        "Uncapped Liability",
        "liab",
        r"\bliab\w+ [^.;]{0,100}\b(?:is|shall be|are|be) unlimited\b|\bunlimited liability\b",
        0.6,
    ),
    _phrase(
        "Unlimited/All-You-Can-Eat-License",
        "unlimited",
        r"\blicen[cs]e\b[^.;]{0,160}\bunlimited (?:number|use|right)"
        r"|\bunlimited\b[^.;]{0,40}\blicen[cs]e\b",
        0.8,
    ),
)


def stated(text: str) -> Iterator[tuple[str, float]]:
    """Yield the categories that a unit states in so many words, each with its precision."""
    lower = text.lower()
    line = ""
    for phrase in PHRASES:
        if phrase.word in lower:
            line = line or " ".join(text.split())
            if phrase.pattern.search(line):
                yield phrase.category, phrase.confidence
