"""Weights divide the runs among the candidates, and each run keeps its own."""

import math
from collections import Counter

import pytest

from interlock.tools.models.router.weights import Weights, ranked


def first(weights: dict[str, int], number: int) -> str:
    """Return the candidate that a run prefers."""
    return ranked(weights, tenant="t", run_id=f"run-{number}")[0]


@pytest.mark.parametrize("share", [1, 5, 25, 50])
def test_each_candidate_gets_its_share_of_runs(share: int) -> None:
    """Of 20,000 runs so many go first to the new one as its weight says, within four deviations."""
    weights = {"old": 100 - share, "new": share}
    got = Counter(first(weights, number) for number in range(20_000))["new"]
    expected = 200 * share

    assert abs(got - expected) < 4 * math.sqrt(expected * (1 - share / 100))


def test_a_run_never_changes_sides_while_a_weight_grows() -> None:
    """A run that has the new candidate keeps it at every step up."""
    for number in range(500):
        chosen = [
            first({"old": 100 - share, "new": share}, number)
            for share in (1, 5, 25, 50, 99)
        ]
        assert chosen == sorted(chosen, reverse=True)


def test_a_candidate_of_no_weight_comes_last_and_in_its_own_order() -> None:
    """Weight 0 means: only where the others do not answer."""
    for number in range(200):
        order = ranked(
            {"second": 0, "one": 1, "third": 0, "other": 3},
            tenant="t",
            run_id=str(number),
        )
        assert order[2:] == ["second", "third"]


def test_the_order_depends_on_the_tenant_and_the_run_alone() -> None:
    """One run has one order; another tenant's run of the same name has its own."""
    weights = dict.fromkeys("abcdefgh", 1)
    here = ranked(weights, tenant="t", run_id="r")

    assert here == ranked(dict(reversed(weights.items())), tenant="t", run_id="r")
    assert here != ranked(weights, tenant="u", run_id="r")


def test_a_release_states_plain_numbers() -> None:
    """What a release says of a name is looked up by it; of another name it says nothing."""
    weights = Weights(by_alias={"planner": {"new": 5, "old": 95}})

    assert weights.of("planner") == {"new": 5, "old": 95}
    assert weights.of("analyst") is None
