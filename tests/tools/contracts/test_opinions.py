"""What a model says of a doubt stands beside the review, held to the text, and moves no points."""

from typing import Any, Final

import pytest

from interlock.runtime.door.tool import ToolFailed
from interlock.tools.contracts.extraction import Clause
from interlock.tools.contracts.opinions import Opinion, Weighed, weighed
from interlock.tools.documents import Document

TEXT: Final = (
    "The liability of the Supplier shall not exceed the fees paid. "
    "The Customer may audit the books once a year."
)
CAP: Final = "Cap On Liability"
FIRST: Final = TEXT.index(" The Customer")
DOCUMENT: Final = Document(
    digest="sha256:ab", name="a.txt", kind="pdf", pages=(0,), text=TEXT
)


def clause(start: int, end: int, **fields: Any) -> Clause:
    """Return a possible clause on liability at that place."""
    given: dict[str, Any] = {
        "category": CAP,
        "confidence": 3_000,
        "page": 0,
        "answer": "possible",
        "polarity": "stated",
    }
    return Clause(start=start, end=end, text=TEXT[start:end], **(given | fields))


DOUBT: Final = clause(0, FIRST)


def opinion(says: str, quotation: str = "", **fields: Any) -> Opinion:
    """Return what was answered about the doubt."""
    given = {"category": CAP, "start": 0, "end": FIRST, "model": "local"}
    return Opinion(**(given | fields), says=says, quotation=quotation)  # type: ignore[arg-type]  # the test's own words


def of(*opinions: Opinion, left: int = 0) -> Weighed:
    """Weigh opinions on a document with the one doubt."""
    return weighed(
        DOCUMENT, findings=[], possible=[DOUBT], opinions=opinions, left=left
    )


@pytest.mark.parametrize(
    ("given", "source", "counts"),
    [
        (
            opinion("yes", "shall NOT exceed  the fees"),
            "extractor, model local agrees",
            {"agreed": 1},
        ),
        (
            opinion("yes", "liability shall be without any limit"),
            "extractor",
            {"ungrounded": 1},
        ),
        (opinion("yes", "the fees"), "extractor", {"ungrounded": 1}),
        (opinion("yes"), "extractor", {"ungrounded": 1}),
        (opinion("no"), "extractor, model local differs", {"differed": 1}),
        (opinion("unsure"), "extractor, model local is unsure", {"unsure": 1}),
        (
            opinion("none", model="", codes=["model_away"]),
            "extractor, no model answered",
            {"unanswered": 1, "codes": ["model_away"]},
        ),
        (
            opinion("no", model="spare", codes=["model_late"]),
            "extractor, model spare (stands in) differs",
            {"differed": 1, "codes": ["model_late"]},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_clause_names_who_says_so(
    given: Opinion, source: str, counts: dict[str, Any]
) -> None:
    """The place stays as the extractor has it, with what the model makes of it; what the model
    quotes and the document does not say is dropped and counted.
    """
    made = of(given)

    assert made.possible == [DOUBT.model_copy(update={"source": source})]
    said = made.consulted.model_dump()
    empty = {**dict.fromkeys(said, 0), "codes": []}
    assert said == {**empty, "asked": 1, **counts}


def test_a_place_that_the_model_alone_quotes_is_one_to_look_at() -> None:
    """Words elsewhere are a possible clause by the model, once, and never one that was found."""
    quoted = opinion("yes", "may audit the books once a year")
    made = of(quoted)
    added = made.possible[1]

    assert (made.consulted.differed, made.consulted.added) == (1, 1)
    assert made.possible[0].source == "extractor, model local quotes another place"
    assert (added.source, added.answer, added.confidence) == (
        "model local",
        "possible",
        0,
    )
    assert TEXT[added.start : added.end] == added.text
    assert made.findings == []


@pytest.mark.parametrize(
    "given",
    [
        [opinion("no", category="Insurance")],
        [opinion("no", start=1)],
        [opinion("no"), opinion("yes", "shall not exceed the fees")],
    ],
    ids=["another kind", "another place", "twice"],
)
def test_nobody_is_heard_on_what_is_no_doubt(given: list[Opinion]) -> None:
    """An opinion on a place that the review does not have, or a second one, is refused whole."""
    with pytest.raises(ToolFailed) as refused:
        of(*given)

    assert refused.value.code == "no_doubt"


def test_what_was_left_is_told() -> None:
    """Doubts that nobody was asked about are counted."""
    assert of(left=3).consulted.left == 3
