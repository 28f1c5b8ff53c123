"""Grounding: a finding that does not stand in its document, word for word and on its page, is
dropped and counted.
"""

from typing import Any

import pytest

from interlock.tools.contracts.extraction import CERTAIN, Clause, extracted, grounded
from interlock.tools.contracts.finder import ConfinedFinder
from interlock.tools.documents import Document

TEXT = (
    "This Agreement shall be governed by the laws of the State of New York.\n\nIt is "
    "made as of May 3, 2018."
)
BREAK = TEXT.index("It is")
DOCUMENT = Document(
    digest="sha256:ab", name="a.pdf", kind="pdf", text=TEXT, pages=(0, BREAK)
)


def clause(**fields: Any) -> Clause:
    """Return a clause that stands in the document, but for *fields*."""
    given: dict[str, Any] = {
        "category": "Agreement Date",
        "start": BREAK,
        "end": BREAK + 5,
        "text": "It is",
        "confidence": 9_000,
        "page": 2,
        "place": "p. 2",
        "answer": "found",
        "polarity": "stated",
    }
    return Clause(**given | fields)


def test_what_stands_there_is_kept() -> None:
    """A finding whose text, offsets and page are right is kept as it is."""
    assert grounded(DOCUMENT, [clause()]) == [clause()]


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "it is"},
        {"text": "It is made"},
        {"start": BREAK + 1},
        {"end": BREAK + 6},
        {"page": 1},
        {"page": 3},
        {"place": "p. 1"},
        {"start": -len(TEXT) + BREAK, "end": -len(TEXT) + BREAK + 5},
        {"start": BREAK + 5, "end": BREAK, "text": ""},
        {"start": BREAK, "end": BREAK, "text": ""},
        {"start": 10**9, "end": 10**9 + 5},
    ],
    ids=str,
)
def test_what_does_not_is_dropped(fields: dict[str, Any]) -> None:
    """A finding with another text, other offsets or another page is dropped, and no other."""
    assert grounded(DOCUMENT, [clause(**fields), clause(), clause(**fields)]) == [
        clause()
    ]


async def test_what_is_found_is_grounded() -> None:
    """Everything the extractor finds stands in the document, with a confidence in basis points."""
    clauses = (await extracted(ConfinedFinder.shipped(), DOCUMENT)).clauses

    assert "Governing Law" in {clause.category for clause in clauses}
    assert all(0 < clause.confidence <= CERTAIN for clause in clauses)
    assert grounded(DOCUMENT, clauses) == clauses
