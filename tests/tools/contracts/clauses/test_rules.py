"""Rules after the model: bounded on any text, and exact on forms that the suite does not have."""

import time

import numpy as np
import pytest

from interlock.tools.contracts.clauses.candidates import Candidate, candidates
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.clauses.rules import parties, signature
from interlock.tools.contracts.clauses.rules.denial import denies
from interlock.tools.contracts.clauses.rules.polarity import polarity
from interlock.tools.contracts.clauses.rules.reading import corrected
from interlock.tools.contracts.clauses.segmentation import units

CATEGORIES = ("Anti-Assignment", "Audit Rights", "Cap On Liability", "License Grant")


@pytest.mark.parametrize(
    ("category", "text"),
    [
        (
            "Cap On Liability",
            "Supplier is liable for loss including without limitation lost profits up to the fees.",
        ),
        (
            "Liquidated Damages",
            "The sum is payable as liquidated damages and not a penalty.",
        ),
        (
            "Insurance",
            "Contractor shall maintain insurance of not less than one million dollars.",
        ),
        (
            "Anti-Assignment",
            "Neither party may assign this Agreement, except that a merger needs no consent.",
        ),
        (
            "Minimum Commitment",
            "If Buyer does not order the minimum, Seller may ship the remaining quantity.",
        ),
    ],
)
def test_a_negative_word_alone_denies_nothing(category: str, text: str) -> None:
    """A condition, a proviso or a fixed phrase with a negative word leaves the clause stated."""
    assert polarity(category, text) == "stated"


def test_a_denial_with_exceptions_is_conditional() -> None:
    """Where nobody but those named has a right, somebody has it."""
    text = "Except for the indemnified persons, there are no third party beneficiaries."
    assert polarity("Third Party Beneficiary", text) == "conditional"
    assert not denies("No such category", text)


@pytest.mark.parametrize(
    "word",
    ["nothing in this ", "neither party may not ", "no first no ", '"means ', "(a) :"],
)
def test_the_work_is_bounded_on_any_words(word: str) -> None:
    """A page of the words that begin a pattern is read in far less than a second."""
    text = (word * 4_000)[:20_000]
    pieces = units(text)
    table = np.full((len(pieces), len(CATEGORIES)), 0.9, dtype=np.float32)
    begun = time.process_time()
    corrected(text, pieces, CATEGORIES, table, floor=0.1)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("text", "name", "confidence"),
    [
        ("an office Near Union Bank, Pune", "Union Bank", 0.0),
        ("rated A by Brandt Company at the date", "Brandt Company", 0.0),
        ("represented by its Managing Director Ann Oakley, and", "Ann Oakley", 0.0),
        (
            "is made between quiet harbour studios (the",
            "quiet harbour studios",
            parties.NAMED,
        ),
        ("director of Greenfield (the", "Greenfield", parties.NAMED),
        ("is made between the parties, and", "the parties", 0.3),
    ],
)
def test_what_stands_beside_a_name_decides(
    text: str, name: str, confidence: float
) -> None:
    """An address, a rating or an office makes a name no party; its place in the preamble makes
    it one.
    """
    opening = "This agreement is between: " if "between" not in text else ""
    whole = f"{opening}{text}"
    start = whole.index(name)
    candidate = Candidate(kind="name", start=start, end=start + len(name))
    before = np.array([0.3], dtype=np.float32)
    (after,) = parties.corrected(whole, [candidate], before).tolist()
    assert after == pytest.approx(confidence)


@pytest.mark.parametrize(
    ("kind", "text", "span"),
    [
        ("date", "on the twenty-first day of June, two thousand and nineteen.", None),
        ("date", "this first (1st) day of January, 1996, by", None),
        ("name", "between Galloway (Resins) Limited and", "Galloway (Resins) Limited"),
        ("name", "A.   Bank is a member", "Bank"),
        (
            "name",
            "and quiet harbour studios (the “Developer”)",
            "quiet harbour studios",
        ),
    ],
)
def test_rare_forms_are_candidates(kind: str, text: str, span: str | None) -> None:
    """Dates in words, names with brackets and names in small letters are offered to the scorer."""
    spans = [text[one.start : one.end] for one in candidates(text) if one.kind == kind]
    if span is None:
        assert any("day of" in one for one in spans)
    else:
        assert span in spans


def test_a_date_beside_the_signatures_is_a_place_to_look() -> None:
    """Where the front has no date, the one that words of signing lead to is possible, and a blank
    is none.
    """
    body = "The seller delivers the goods to the buyer every month.\n\n" * 150
    signed = f"SUPPLY AGREEMENT\n\n{body}Signed and dated this 25th day of May, 1999."
    blank = f"SUPPLY AGREEMENT\n\n{body}Signed on ____________ ____________."
    dates = [
        (one.text, one.answer)
        for one in ClauseModel.load().find(signed).findings
        if one.category == "Agreement Date"
    ]
    assert dates == [("25th day of May, 1999", "possible")]
    assert signature.signed_on(blank) is None
