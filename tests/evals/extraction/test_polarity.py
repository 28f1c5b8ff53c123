"""The shipped clause finder reads negation, condition and definition as the suite demands."""

from functools import cache

from interlock.evals.extraction.polarity.judgement import (
    Judgement,
    is_told_apart,
    judge,
    score,
)
from interlock.evals.extraction.polarity.suite import pairs, sentences
from interlock.tools.contracts.clauses.model import ClauseModel

#: Of the sentences that were open while the rules were written, and of those held out
OPEN = 0.95
HELD_OUT = 0.95


@cache
def _judgements() -> tuple[Judgement, ...]:
    model = ClauseModel.load()
    return tuple(judge(model, sentence) for sentence in sentences())


def test_the_suite_covers_every_category() -> None:
    """At least 150 sentences speak of all the categories, and a third of them is held out."""
    suite = sentences()
    assert len(suite) >= 150
    assert {sentence.category for sentence in suite} == set(
        ClauseModel.load().categories
    )
    assert 0.25 < sum(sentence.held_out for sentence in suite) / len(suite) < 0.4


def test_sentences_are_read_right() -> None:
    """The shares of sentences that are read right do not fall below what was reached."""
    judgements = _judgements()
    assert score(one for one in judgements if not one.sentence.held_out).share >= OPEN
    assert score(one for one in judgements if one.sentence.held_out).share >= HELD_OUT


def test_a_denial_is_never_shown_as_a_clause() -> None:
    """Hardly any sentence that denies is found as stated, and the finder is not just silent."""
    denied = [one for one in _judgements() if one.sentence.says == "denied"]
    assert score(denied).share >= 0.95
    assert any("found denied" in one.answers for one in denied)


def test_unlimited_liability_is_told_from_a_cap() -> None:
    """In every pair the unlimited text is uncapped, and the capped text is a cap."""
    model = ClauseModel.load()
    assert [pair.unlimited for pair in pairs() if not is_told_apart(model, pair)] == []
