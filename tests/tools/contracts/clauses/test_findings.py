"""Findings merge, trim, drop and cap as a reader needs."""

import numpy as np

from interlock.tools.contracts.clauses import Finding
from interlock.tools.contracts.clauses.findings import MOST, assembled
from interlock.tools.contracts.clauses.heads import Pick
from interlock.tools.contracts.clauses.segmentation import units
from interlock.tools.contracts.clauses.weights import Linear

TEXT = (
    "1. FEES\n\n2.1 The fee is due monthly; and\n\n(b) The fee is never refunded.\n\nThe "
    "seller ships the goods.\n\n[***]\n\n"
    "The fee may rise once."
)


def test_neighbours_become_one_finding_without_its_enumerator() -> None:
    """Adjacent units above the threshold are one span, with the best confidence of them."""
    (found,) = _found([0, 0.6, 0.9, 0, 0, 0])
    assert found.text == "The fee is due monthly; and\n\n(b) The fee is never refunded."
    assert abs(found.confidence - 0.9) < 1e-6


def test_the_ends_of_a_span_are_trimmed() -> None:
    """Connecting words and marks behind a clause are not part of it."""
    (found,) = _found([0, 0.6, 0, 0, 0, 0])
    assert found.text == "The fee is due monthly"


def test_headings_and_fragments_are_no_findings() -> None:
    """A heading or a blank is dropped, however confident."""
    assert _found([0.99, 0, 0, 0, 0.99, 0]) == ()


def test_a_category_shows_its_most_confident_few_by_place() -> None:
    """Of many findings the best stay, in the order of the document."""
    text = "\n\n".join(
        f"Fee clause {letter} is due in this case."
        if letter != "-"
        else "Nothing here at all today."
        for letter in "a-b-c-d-e"
    )
    confidences = [0.6, 0, 0.9, 0, 0.7, 0, 0.5, 0, 0.8]
    found = _found(confidences, text)
    assert [one.text[11] for one in found] == ["b", "c", "e"]
    assert len(found) == MOST


def test_a_long_run_is_cut() -> None:
    """A span never grows past a few units, so a whole page is not one finding."""
    text = "\n\n".join(f"Fee clause number {at} is due today." for at in range(6))
    assert [one.text.count("Fee") for one in _found([0.9] * 6, text)] == [4, 2]


def test_a_head_answers_instead_of_whole_sentences() -> None:
    """Where a head names the date, the sentence about it is not shown as well; where none does, it
    is.
    """
    pick = Pick(category="Effective Date", start=3, end=7, confidence=0.7)
    assert [
        one.text
        for one in _found([0, 0.9, 0, 0, 0, 0], picks=(pick,), label="Effective Date")
    ] == ["FEES"]
    assert len(_found([0, 0.9, 0, 0, 0, 0], label="Effective Date")) == 1
    assert _found([0, 0.9, 0, 0, 0, 0], label="Parties") == ()


def _found(
    confidences: list[float],
    text: str = TEXT,
    picks: tuple[Pick, ...] = (),
    label: str = "Fees",
) -> tuple[Finding, ...]:
    blank = np.zeros(1, dtype=np.float32)
    clause = Linear(
        labels=(label,),
        keys=np.zeros(1, dtype=np.uint32),
        rarity=blank,
        steps=np.zeros((1, 1), dtype=np.int8),
        scale=blank,
        bias=blank,
        knots=blank[:, None],
        heights=blank[:, None],
        threshold=np.array([0.5], dtype=np.float32),
    )
    found = units(text)
    assert len(found) == len(confidences)
    return assembled(
        text, found, np.array(confidences, dtype=np.float32)[:, None], clause, picks
    ).findings
