"""Findings merge, trim, drop, cap and speak for themselves as a reader needs."""

import numpy as np
import pytest

from interlock.tools.contracts.clauses import Answers, Finding
from interlock.tools.contracts.clauses.findings import MOST, assembled
from interlock.tools.contracts.clauses.heads import Pick
from interlock.tools.contracts.clauses.segmentation import units
from interlock.tools.contracts.clauses.weights import Linear

TEXT = (
    "1. FEES\n\n2.1 The fee is due monthly; and\n\n(b) The fee is never refunded.\n\nThe "
    "seller ships the goods.\n\n[***]\n\n"
    "The fee may rise once."
)
AUDIT = "Audit Rights"


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


def test_a_category_shows_its_most_confident_and_counts_the_others() -> None:
    """Of many findings the best stay, in the order of the document, and the rest is a number."""
    clauses = [f"Fee clause number {at} is due in this case." for at in range(MOST + 2)]
    text = "\n\nNothing here at all today.\n\n".join(clauses)
    confidences = [0.0] * (2 * len(clauses) - 1)
    confidences[::2] = [0.9, 0.5, *[0.8] * (MOST - 1), 0.6]
    answers = _answers(confidences, text)
    assert [one.text.split()[3] for one in answers.findings] == [
        "0",
        *[str(at) for at in range(2, MOST + 1)],
    ]
    assert answers.more == {"Fees": 2}


def test_a_long_run_is_cut() -> None:
    """A span never grows past a few units, so a whole page is not one finding."""
    text = "\n\n".join(f"Fee clause number {at} is due today." for at in range(6))
    assert [one.text.count("Fee") for one in _found([0.9] * 6, text)] == [4, 2]


def test_the_best_place_below_the_threshold_is_possible() -> None:
    """Where nothing is found, the best unit worth a look is quoted as possible, and only that."""
    (finding,) = _found([0, 0.2, 0.3, 0, 0, 0.1])
    assert finding.text == "The fee is never refunded."
    assert finding.answer == "possible"
    assert _found([0.0, 0.04, 0.05, 0, 0, 0]) == ()
    assert [one.answer for one in _found([0, 0.9, 0, 0.3, 0, 0])] == ["found"]


def test_what_denies_is_not_merged_with_what_states() -> None:
    """Neighbours of different polarity are two findings, and each says its own."""
    text = (
        "Licensor may audit the books of Licensee.\n\n"
        "Neither party has any right to audit the payroll."
    )
    stated, denied = _found([0.9, 0.9], text, label=AUDIT)
    assert (stated.polarity, denied.polarity) == ("stated", "denied")


def test_a_lead_in_takes_its_list_along() -> None:
    """A unit that ends in a colon is shown with the items behind it, and with nothing else."""
    text = (
        "Licensor may inspect the following:\n\n(a) the books of account; and\n\n"
        "(b) the stock records.\n\nThe seller ships the goods."
    )
    (finding,) = _found([0.9, 0, 0.9, 0], text, label=AUDIT)
    assert finding.text.startswith("Licensor may inspect")
    assert finding.text.endswith("(b) the stock records.")


def test_a_definition_is_no_covenant() -> None:
    """A sentence that only names a thing is no finding, however confident."""
    text = '"Auditor" means the firm that Licensor appoints to audit the books.'
    assert _found([0.9], text, label=AUDIT) == ()


def test_a_category_that_is_not_looked_for_is_silent() -> None:
    """Nothing is said of a category that the model calls unsupported."""
    assert _answers([0, 0.9, 0, 0, 0, 0], unsupported=("Fees",)).findings == ()


def test_a_head_answers_instead_of_whole_sentences() -> None:
    """Where a head names the date, the sentence about it is not shown as well; where none does, a
    short one is, and a paragraph never.
    """
    pick = Pick(
        category="Effective Date",
        start=3,
        end=7,
        confidence=0.7,
        answer="found",
    )
    confidences = [0, 0.9, 0, 0, 0, 0]
    dates = _found(confidences, picks=(pick,), label="Effective Date")
    assert [one.text for one in dates] == ["FEES"]
    assert len(_found(confidences, label="Effective Date")) == 1
    assert _found(confidences, label="Parties") == ()
    paragraph = (
        "This Agreement binds the parties " + "and their heirs " * 20 + "as of then."
    )
    assert _found([0.9], paragraph, label="Effective Date") == ()


@pytest.mark.parametrize(
    "text",
    [
        "The liability of Supplier under this Agreement is unlimited.",
        "There is no limit on the liability of Supplier.",
    ],
)
def test_unlimited_liability_is_no_cap(text: str) -> None:
    """A text that says liability has no limit is uncapped liability, also where the scorer says
    cap and nothing else.
    """
    (denied,) = _found([0.9], text, label="Cap On Liability")
    (stated,) = _found([0.0], text, label="Uncapped Liability")
    assert denied.polarity == "denied"
    assert (stated.answer, stated.polarity) == ("found", "stated")


def _found(
    confidences: list[float],
    text: str = TEXT,
    picks: tuple[Pick, ...] = (),
    label: str = "Fees",
) -> tuple[Finding, ...]:
    return _answers(confidences, text, picks, label).findings


def _answers(
    confidences: list[float],
    text: str = TEXT,
    picks: tuple[Pick, ...] = (),
    label: str = "Fees",
    unsupported: tuple[str, ...] = (),
) -> Answers:
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
    pieces = units(text)
    assert len(pieces) == len(confidences)
    table = np.array(confidences, dtype=np.float32)[:, None]
    return assembled(text, pieces, table, clause, picks, unsupported=unsupported)
