"""Judges what a model answers about the sentences of the suite.

- *stated*: the sentence must be a found or possible clause of its category, as stated.
- *denied*, *conditional*: whatever the model answers about the sentence must say so, and the
  sentence must never be a stated one. To answer nothing is right, and is counted as silent.
- *other*: the sentence must not be a found clause of its category, unless as denied.

A pair is right when the unlimited text is found as uncapped and not as a stated cap, and the capped
one as a stated cap and not as uncapped.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from interlock.evals.extraction.metrics import matches_any
from interlock.evals.extraction.polarity.suite import Pair, Sentence
from interlock.tools.contracts.clauses import Finding
from interlock.tools.contracts.clauses.model import ClauseModel

_CAP: Final = "Cap On Liability"
_UNCAPPED: Final = "Uncapped Liability"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """Whether a model reads one sentence right, and what it answered."""

    sentence: Sentence
    right: bool
    answers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """How many of some sentences are read right."""

    sentences: int
    right: int
    #: Right because the model answers nothing about them
    silent: int
    share: float


def judge(model: ClauseModel, sentence: Sentence) -> Judgement:
    """Return the judgement of one sentence."""
    own = [
        finding
        for finding in model.find(sentence.text).findings
        if finding.category == sentence.category and _is_about(finding, sentence)
    ]
    return Judgement(
        sentence=sentence,
        right=_is_right(sentence, own),
        answers=tuple(f"{finding.answer} {finding.polarity}" for finding in own),
    )


def _is_about(finding: Finding, sentence: Sentence) -> bool:
    if finding.start >= sentence.end or sentence.start >= finding.end:
        return False
    return not sentence.exact or matches_any(finding.text, [sentence.judged])


def _is_right(sentence: Sentence, own: Sequence[Finding]) -> bool:
    match sentence.says:
        case "stated":
            return any(finding.polarity == "stated" for finding in own)
        case "denied" | "conditional":
            return all(finding.polarity == sentence.says for finding in own)
        case "other":
            claims = [finding for finding in own if finding.answer == "found"]
            return all(finding.polarity == "denied" for finding in claims)
        case _:
            assert_never(sentence.says)


def score(judgements: Iterable[Judgement]) -> Score:
    """Return how many of the sentences are read right."""
    every = list(judgements)
    right = [judgement for judgement in every if judgement.right]
    return Score(
        sentences=len(every),
        right=len(right),
        silent=sum(not judgement.answers for judgement in right),
        share=round(len(right) / max(len(every), 1), 4),
    )


def is_told_apart(model: ClauseModel, pair: Pair) -> bool:
    """Whether a model tells the capped from the unlimited text of a pair."""
    capped = _claims(model, pair.capped)
    unlimited = _claims(model, pair.unlimited)
    return _CAP in capped - unlimited and _UNCAPPED in unlimited - capped


def _claims(model: ClauseModel, text: str) -> set[str]:
    """Return the categories of which the text is found to have a stated clause."""
    return {
        finding.category
        for finding in model.find(text).findings
        if finding.answer == "found" and finding.polarity == "stated"
    }
