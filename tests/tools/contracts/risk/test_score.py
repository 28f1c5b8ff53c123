"""The score: every point has its reason, and rests on clauses by how sure and on which side they
are.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.tools.contracts.extraction import CERTAIN, Clause
from interlock.tools.contracts.risk import Playbook, Position, Risk, load, score
from interlock.tools.contracts.risk.playbook import SHIPPED

CUSTOMER = load()
SUPPLIER = load(SHIPPED / "supplier.yaml")
CATEGORIES = sorted({position.category for position in CUSTOMER.positions})
CAP = "Cap On Liability"


def clause(category: str, **fields: Any) -> Clause:
    """Return a clause of a category that is certain and stated, but for *fields*."""
    plain: dict[str, Any] = {
        "category": category,
        "start": 0,
        "end": 5,
        "text": "words",
        "confidence": CERTAIN,
        "page": 1,
        "answer": "found",
        "polarity": "stated",
    }
    return Clause(**plain | fields)


CLAUSES = st.lists(
    st.builds(
        clause,
        st.sampled_from(CATEGORIES),
        confidence=st.integers(1, CERTAIN),
        answer=st.sampled_from(["found", "possible"]),
        polarity=st.sampled_from(["stated", "denied", "conditional"]),
        bound=st.sampled_from(["ours", "theirs", "both", "unclear"]),
    ),
    max_size=12,
)


def playbook(*points: int, **fields: Any) -> Playbook:
    """Return a playbook with a position of so many points on each of the categories "0",
    "1", ...
    """
    positions = tuple(
        Position(
            category=str(index),
            points=amount,
            why="it counts",
            **{"when": "present"} | fields,
        )
        for index, amount in enumerate(points)
    )
    return Playbook(name="test", version=1, medium=250, high=500, positions=positions)


def counted(risk: Risk) -> dict[str, int]:
    """Return the points of each category."""
    return {part.category: part.points for part in risk.contributions}


def asked(risk: Risk) -> dict[str, str]:
    """Return why each open category is open."""
    return {question.category: question.open for question in risk.questions}


@given(CLAUSES)
def test_the_score_is_the_sum_of_its_reasons(clauses: list[Clause]) -> None:
    """Whatever was found, the score is the sum of the listed points, between the least and the
    most, whatever the order and repetition.
    """
    risk = score(CUSTOMER, clauses)
    again = score(CUSTOMER, [*reversed(clauses), *clauses])

    assert risk.score == min(1000, sum(part.points for part in risk.contributions))
    assert risk.least <= risk.score <= risk.most
    assert (again.score, again.least, again.most) == (risk.score, risk.least, risk.most)
    assert [part.points for part in risk.contributions] == sorted(
        (part.points for part in risk.contributions), reverse=True
    )


@given(CLAUSES)
def test_no_presence_rests_on_a_denied_clause(clauses: list[Clause]) -> None:
    """What the contract denies is never counted as being there."""
    present = [
        part
        for part in score(CUSTOMER, clauses).contributions
        if part.when == "present"
    ]

    assert [
        part
        for part in present
        for ground in part.rests_on
        if ground.polarity == "denied" or ground.answer == "possible"
    ] == []


@given(CLAUSES)
def test_what_is_only_possible_moves_no_points(clauses: list[Clause]) -> None:
    """A possible clause adds no point to the score, and never makes an absence of its position."""
    found = [each for each in clauses if each.answer == "found"]
    near = {
        each.category
        for each in clauses
        if each.answer == "possible"
        and each.polarity != "denied"
        and each.bound in {"both", "unclear"}
    }
    risk = score(CUSTOMER, clauses)

    assert risk.score <= score(CUSTOMER, found).score
    assert [
        part
        for part in risk.contributions
        if part.when == "absent"
        and part.category in near
        and not any(ground.answer == "found" for ground in part.rests_on)
    ] == []


def test_a_clause_counts_as_much_as_it_is_sure() -> None:
    """A guess of 27 % counts a quarter of what a certain clause does, and the rest is in the
    range.
    """
    certain = score(playbook(100), [clause("0")])
    guess = score(playbook(100), [clause("0", confidence=2_700)])

    assert (certain.score, certain.least, certain.most) == (100, 100, 100)
    assert (guess.score, guess.least, guess.most) == (27, 0, 100)
    assert guess.contributions[0].full == 100


def test_a_doubtful_clause_removes_only_its_share_of_an_absence() -> None:
    """A way out that was found at 49 % takes away 49 % of the points of having none."""
    positions = playbook(60, when="absent")
    doubtful = score(positions, [clause("0", confidence=4_900)])

    assert counted(score(positions, [clause("0", confidence=9_500)])) == {}
    assert counted(doubtful) == {"0": 31}
    assert doubtful.contributions[0].rests_on[0].confidence == 4_900


@pytest.mark.parametrize("polarity", ["denied", "conditional"])
def test_what_is_denied_or_only_sometimes_granted_is_absent(polarity: str) -> None:
    """Termination for cause alone, or a sentence that excludes it, is no termination at will."""
    risk = score(playbook(60, when="absent"), [clause("0", polarity=polarity)])

    assert counted(risk) == {"0": 60}
    assert risk.contributions[0].rests_on[0].polarity == polarity


@pytest.mark.parametrize(
    ("clauses", "options", "why"),
    [
        ([clause("0", answer="possible", confidence=2_000)], {}, "possible"),
        ([], {"unsupported": ["0"]}, "unsupported"),
        ([], {"unread": 1}, "unread"),
    ],
)
def test_no_absence_is_claimed_over_what_was_not_seen(
    clauses: list[Clause], options: dict[str, Any], why: str
) -> None:
    """A near miss, a category that was not looked for and an end that was not read leave an absence
    open, with what it would add.
    """
    risk = score(playbook(300, when="absent"), clauses, **options)

    assert (risk.score, risk.tier, counted(risk)) == (0, "low", {})
    assert asked(risk) == {"0": why}
    assert (risk.most, risk.most_tier) == (300, "medium")


def test_a_possible_clause_is_shown_with_what_it_would_change() -> None:
    """What may be there counts nothing, and says what it would add and where to look."""
    place = clause("0", answer="possible", confidence=3_000)
    risk = score(playbook(600), [place])

    assert (risk.score, risk.tier) == (0, "low")
    assert (risk.most, risk.most_tier) == (600, "high")
    assert risk.questions[0].rests_on == [place]


@pytest.mark.parametrize("bound", ["ours", "both", "unclear"])
def test_what_binds_us_counts_and_what_binds_them_does_not(bound: str) -> None:
    """A duty of ours is a risk, and so is one whose side nobody could read; our own right is
    none.
    """
    positions = playbook(30, binds="ours")

    assert score(positions, [clause("0", bound=bound)]).score == 30
    assert score(positions, [clause("0", bound="theirs")]).score == 0


def test_an_absence_is_of_our_side() -> None:
    """A cap on their liability is no cap on ours."""
    positions = playbook(90, when="absent", binds="ours")

    assert counted(score(positions, [clause("0", bound="theirs")])) == {"0": 90}
    assert counted(score(positions, [clause("0", bound="both")])) == {}


def test_a_position_may_need_another_clause() -> None:
    """A missing notice against renewal counts only in a contract that renews, by how sure that
    is.
    """
    positions = playbook(20, when="absent", only_with=("Renewal Term",))
    denied = clause("Renewal Term", polarity="denied")
    possible = clause("Renewal Term", answer="possible")

    for clauses in ([], [denied], [possible]):
        risk = score(positions, clauses)
        assert (risk.contributions, risk.questions) == ([], [])
    assert score(positions, [clause("Renewal Term")]).score == 20
    assert score(positions, [clause("Renewal Term", confidence=5_000)]).score == 10


@given(
    st.integers(500, CERTAIN),
    st.integers(2_000, CERTAIN),
    st.sampled_from(["found", "possible"]),
    st.sampled_from(["ours", "both", "unclear"]),
)
def test_unlimited_is_worse_than_a_cap(
    unlimited: int, cap: int, answer: str, bound: str
) -> None:
    """However sure either is, a contract that excludes any limit scores worse than the same with a
    limit, on both sides.
    """
    capped = clause(CAP, confidence=cap, bound=bound)
    free = clause(
        CAP,
        confidence=unlimited,
        answer=answer,
        polarity="denied",
        bound=bound,
    )

    for rules in (CUSTOMER, SUPPLIER):
        assert score(rules, [free]).score > score(rules, [capped]).score


@pytest.mark.parametrize("rules", [CUSTOMER, SUPPLIER], ids=["customer", "supplier"])
def test_an_excluded_limit_is_worse_than_a_missing_one(rules: Playbook) -> None:
    """Saying that liability has no limit counts more than saying nothing about a limit."""
    assert score(rules, [clause(CAP, polarity="denied")]).score > score(rules, []).score


def test_the_score_is_capped() -> None:
    """More points than a thousand are a thousand, with every reason still listed."""
    risk = score(playbook(600, 600), [clause("0"), clause("1")])

    assert (risk.score, risk.tier, len(risk.contributions)) == (1000, "high", 2)


@pytest.mark.parametrize(
    ("points", "tier"),
    [
        (0, "low"),
        (249, "low"),
        (250, "medium"),
        (499, "medium"),
        (500, "high"),
        (1000, "high"),
    ],
)
def test_a_tier_begins_at_its_threshold(points: int, tier: str) -> None:
    """A contract is medium from the medium threshold on, and high from the high one on."""
    assert score(playbook(points), [clause("0")]).tier == tier
