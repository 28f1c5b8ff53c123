"""What the model answers about a text: clauses, how sure they are, and what they say of their kind.

Three answers exist for a category: *found*, *possible*, and nothing at all. A category that has no
finding was looked for and not found, unless the model names the category as unsupported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Answer = Literal["found", "possible"]
"""`found`: at or above the threshold of the category, and shown as a clause of the contract.
`possible`: below the threshold, and the best place to look when nothing was found."""

Polarity = Literal["stated", "denied", "conditional"]
"""`stated`: the text says what the category is about. `denied`: the text says the opposite, such as
"no audit right exists". `conditional`: the text grants it in some cases only, such as termination
for cause alone where the category is termination without cause."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One clause: `text` is exactly `document[start:end]`, offsets in Unicode code points."""

    category: str
    start: int
    end: int
    text: str
    confidence: float
    """A probability."""
    answer: Answer
    polarity: Polarity


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """Every finding of one text, and what is not shown of the text."""

    findings: tuple[Finding, ...]
    """By place. A category has several found ones, or at most one possible one, never both."""
    more: Mapping[str, int]
    """How many found clauses of a category were left out because the category has too many to show.
    A category that is absent here is shown whole."""
    unread: int
    """How many code points at the end of the text were not read, since the text is too long."""
