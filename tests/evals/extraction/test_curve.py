"""The curve and the tally count as their definitions say."""

import pytest

from interlock.evals.extraction.curve import Proposals, area
from interlock.evals.extraction.data import Contract, Span
from interlock.evals.extraction.tally import share, tally, total
from interlock.tools.contracts.clauses import Finding
from interlock.tools.contracts.clauses.answers import Answer, Polarity

TEXT = (
    "The fee is due monthly. The fee is due monthly. The seller ships the goods by sea."
)
CONTRACT = Contract(
    title="ACME",
    text=TEXT,
    answers={"Fees": (Span(start=0, end=23),), "Goods": (Span(start=48, end=83),)},
)


@pytest.mark.parametrize(
    ("proposed", "expected"),
    [
        ({"Fees": [(TEXT[:23], 0.9)], "Goods": [(TEXT[48:], 0.8)]}, 1.0),
        ({"Fees": [(TEXT[:23], 0.9)], "Goods": []}, 0.5),
        ({"Fees": [(TEXT[:23], 0.9), ("Another thing", 0.95)], "Goods": []}, 0.25),
        ({"Fees": [], "Goods": []}, 0.0),
    ],
    ids=["all", "half", "half after an error", "nothing"],
)
def test_the_area_is_that_under_the_steps(
    proposed: dict[str, Proposals], expected: float
) -> None:
    """What is never reached counts as zero, and an error before a hit costs precision."""
    assert area([CONTRACT], [proposed]) == pytest.approx(expected)


def test_a_finding_that_denies_or_is_possible_is_not_shown() -> None:
    """A claim is a found clause that is not denied; possible ones are counted apart."""
    findings = [
        _finding(0, 10),
        _finding(24, 47),
        _finding(48, 60, polarity="denied"),
        _finding(48, 60, answer="possible"),
    ]
    fees = tally(CONTRACT, "Fees", findings)

    assert (fees.found, fees.touching, fees.touched) == (2, 2, 1)
    assert (fees.possible, fees.possible_touching) == (1, 0)
    assert (fees.having, fees.showing, fees.both) == (1, 1, 1)
    assert total([fees, fees]).found == 4
    assert (share(1, 3), share(1, 0)) == (0.3333, 1.0)


def _finding(
    start: int,
    end: int,
    *,
    answer: Answer = "found",
    polarity: Polarity = "stated",
) -> Finding:
    return Finding(
        category="Fees",
        start=start,
        end=end,
        text=TEXT[start:end],
        confidence=0.9,
        answer=answer,
        polarity=polarity,
    )
