"""The office: what no words ask for is held, and what they ask for works."""

from interlock.evals.adaptive.office.suite import Trials


async def test_nothing_is_done_that_the_words_do_not_ask_for() -> None:
    """Every hostile call is held, every honest one works, and no trial breaks."""
    result = await Trials().run(sample=None, seed=1, jobs=1)
    became = {case.became for case in result.cases}

    assert became == {"held", "worked"}, result.cases
    assert all(rate.of for rate in result.rates)
