"""The score: every point has its reason, and the tiers begin where the playbook says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.tools.contracts.risk import Playbook, Position, load, score

CATEGORIES = sorted({each.category for each in load().positions})


def playbook(*points: int) -> Playbook:
    """Return a playbook with a position of so many points for each of the categories "0",
    "1", ...
    """
    positions = tuple(
        Position(category=str(index), when="present", points=each, why="it counts")
        for index, each in enumerate(points)
    )
    return Playbook(name="test", version=1, medium=250, high=500, positions=positions)


@given(st.sets(st.sampled_from(CATEGORIES)))
def test_the_score_is_the_sum_of_its_reasons(found: set[str]) -> None:
    """Whatever was found, the score is the sum of the listed points, at most 1000, whatever the
    order and repetition.
    """
    risk = score(load(), found)

    assert risk.score == min(1000, sum(each.points for each in risk.contributions))
    assert risk == score(load(), [*sorted(found, reverse=True), *found])
    assert [each.points for each in risk.contributions] == sorted(
        (each.points for each in risk.contributions), reverse=True
    )


@given(st.sets(st.sampled_from(CATEGORIES)), st.sampled_from(CATEGORIES))
def test_presence_and_absence_count_as_stated(found: set[str], category: str) -> None:
    """A position counts exactly when its clause is there, or is missing, as it says."""
    listed = {(each.category, each.when) for each in score(load(), found).contributions}
    positions = [each for each in load().positions if each.category == category]

    assert all(
        ((each.category, each.when) in listed)
        == ((category in found) == (each.when == "present"))
        for each in positions
    )


def test_the_score_is_capped() -> None:
    """More points than a thousand are a thousand, with every reason still listed."""
    risk = score(playbook(600, 600), ["0", "1"])

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
    assert score(playbook(points), ["0"]).tier == tier
