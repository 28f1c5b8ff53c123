"""Clauses of a document: found by a model, kept only where they stand in the text."""

import asyncio
from collections.abc import Sequence
from typing import Final

from interlock.runtime.door.tool import Value
from interlock.tools.contracts.clauses import Answer, Answers, Polarity
from interlock.tools.contracts.finder import Finder
from interlock.tools.contracts.sections import sections
from interlock.tools.contracts.side import Bound
from interlock.tools.documents import Document

CERTAIN: Final = (
    10_000  # confidence is in basis points: digests and budgets hold no floats
)
#: The source of a clause about which nobody else was asked
EXTRACTOR: Final = "extractor"


class Clause(Value):
    """One clause: a span of the document, [start, end) in code points, and where it stands."""

    category: str
    start: int
    end: int
    text: str
    confidence: int
    #: From 1; 0 where the format has no pages
    page: int
    #: Where a reader finds it: a page, a paragraph, a line, a footnote
    place: str = ""
    #: The number of its section, where the numbers run on
    section: str = ""
    #: Whether a tracked change stands in it
    changed: bool = False
    #: Which side the clause binds
    bound: Bound = "unclear"
    #: `possible` is a place to look, and no clause of the contract
    answer: Answer
    #: Whether the text states what its category is about, denies it, or states it in some cases
    polarity: Polarity
    #: Who says so: the extractor, a model, or the one and what the other makes of it
    source: str = EXTRACTOR


class Extraction(Value):
    """What was found in one document, and what of it is not shown."""

    #: In the order of the text. A category has several found clauses, or at most one possible one
    clauses: list[Clause]
    #: By category: how many found clauses were left out because there are too many to show
    more: dict[str, int]
    #: Categories that were not looked for; the absence of every other one was looked at
    unsupported: list[str]
    #: How many code points at the end of the document were not read
    unread: int


async def extracted(finder: Finder, document: Document) -> Extraction:
    """Return what *finder* finds in the document; `ToolFailed` when the text wants too much."""
    answers = await finder.find(document.text)
    clauses = await asyncio.to_thread(_clauses, answers, document)
    return Extraction(
        clauses=clauses,
        more=dict(answers.more),
        unsupported=list(finder.unsupported),
        unread=answers.unread,
    )


def _clauses(answers: Answers, document: Document) -> list[Clause]:
    numbered = sections(document.text)
    stretches = document.inventory.stretches
    running = stretches[0].start if stretches else len(document.text)
    return [
        Clause(
            category=finding.category,
            start=finding.start,
            end=finding.end,
            text=finding.text,
            confidence=round(finding.confidence * CERTAIN),
            page=document.page_at(finding.start) if document.kind == "pdf" else 0,
            place=document.place_at(finding.start),
            section=numbered.at(finding.start) if finding.start < running else "",
            changed=document.inventory.is_changed(finding.start, finding.end),
            answer=finding.answer,
            polarity=finding.polarity,
        )
        for finding in answers.findings
    ]


def grounded(document: Document, clauses: Sequence[Clause]) -> list[Clause]:
    """Return the clauses that stand in the document, at their place and on their page."""
    return [clause for clause in clauses if _stands(clause, document)]


def _stands(clause: Clause, document: Document) -> bool:
    if not 0 <= clause.start < clause.end <= len(document.text):
        return False
    if document.text[clause.start : clause.end] != clause.text:
        return False
    page = document.page_at(clause.start) if document.kind == "pdf" else 0
    return (clause.page, clause.place) == (page, document.place_at(clause.start))


def extractor(finder: Finder) -> str:
    """Return the name of what found the clauses."""
    return f"clauses/{finder.version}"
