"""Databases that are put back at random act no second time, and each is recognised."""

from interlock.evals.restore import summary, trials


def test_no_restore_acts_again() -> None:
    """A sample of what `python -m interlock.evals.restore` tries 200 times."""
    figures = summary(trials(8, seed=100))

    assert figures["failed"] == []
    assert figures["twice"] == 0
    assert figures["older"] == figures["recognised"]
    assert int(str(figures["older"])) >= 4
