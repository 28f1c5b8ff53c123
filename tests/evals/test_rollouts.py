"""The drill of rollouts: real runs, over a model that answers by script."""

from interlock.evals.rollouts.real import drill


async def test_a_candidate_whose_model_refuses_is_taken_back() -> None:
    """Real reviews of the candidate fail one after the other, and its rollout ends by itself; the
    other faults need more runs: `python -m interlock.evals.rollouts --real quality`.
    """
    drilled = await drill("error", most=48)

    assert (drilled.status, drilled.because) == ("rolled_back", "error_burst")
    assert drilled.is_right
