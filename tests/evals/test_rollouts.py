"""The drill of rollouts: real runs, over a model that answers by script."""

from interlock.evals.rollouts.real import drill
from interlock.serving.rollout.guards import BURST


async def test_a_candidate_whose_model_refuses_is_taken_back() -> None:
    """Real reviews of the candidate fail one after the other, and its rollout ends by itself; the
    other faults need more runs: `python -m interlock.evals.rollouts --real quality`.
    """
    drilled = await drill("error", most=48)

    assert (drilled.status, drilled.because) == ("rolled_back", "error_burst")
    assert drilled.is_right
    assert drilled.copies.runs == 0


async def test_copies_that_fail_take_a_candidate_back() -> None:
    """A candidate whose copies fail is given no run; each copy came to its end, and none had an
    effect, asked anybody, or spent what is another's.
    """
    drilled = await drill("error", most=24, shadow=8)

    assert (drilled.status, drilled.percent) == ("rolled_back", 0)
    assert drilled.copies.ended >= BURST
    assert drilled.copies.is_harmless
    assert drilled.is_right


async def test_copies_of_a_candidate_at_no_fault_touch_nothing() -> None:
    """Runs of the release in force file and report; their copies propose it and do nothing."""
    drilled = await drill("alike", most=8, shadow=4)

    assert (drilled.status, drilled.percent) == ("live", 0)
    assert drilled.copies.ended == 4
    assert drilled.copies.is_harmless
