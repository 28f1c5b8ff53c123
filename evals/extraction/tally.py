"""Counts what a reader meets: shown findings that are right, and gold answers that are shown.

A finding is shown when the model answers *found* and does not say that the text denies the
category. It matches a gold answer by CUAD's rule on their words. It touches one when the two share
a character, or match: the data places a text that occurs several times at its first occurrence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from interlock.evals.extraction.data import Contract, Span
from interlock.evals.extraction.metrics import matched, matches_any
from interlock.tools.contracts.clauses import Finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Counts of one category, or of all together, over several contracts."""

    #: Gold texts
    answers: int = 0
    #: Findings shown
    found: int = 0
    #: Findings that match a gold text, and gold texts that some finding matches
    right: int = 0
    recalled: int = 0
    #: Findings that touch a gold answer, and gold answers that some finding touches
    touching: int = 0
    touched: int = 0
    #: Contracts that have the category, that show it, and both
    having: int = 0
    showing: int = 0
    both: int = 0
    #: Possible findings, and those that touch a gold answer
    possible: int = 0
    possible_touching: int = 0


def tally(contract: Contract, category: str, findings: Sequence[Finding]) -> Tally:
    """Return the counts of one category in one contract."""
    own = [finding for finding in findings if finding.category == category]
    shown = [finding for finding in own if is_shown(finding)]
    possible = [finding for finding in own if finding.answer == "possible"]
    gold = contract.gold(category)
    spans = contract.answers.get(category, ())
    right, recalled = matched([finding.text for finding in shown], gold)
    touched = 0
    for span in spans:
        touched += any(_touches(contract, finding, span) for finding in shown)
    return Tally(
        answers=len(spans),
        found=len(shown),
        right=right,
        recalled=recalled,
        touching=_touching(contract, category, shown),
        touched=touched,
        having=int(bool(spans)),
        showing=int(bool(shown)),
        both=int(bool(spans) and bool(shown)),
        possible=len(possible),
        possible_touching=_touching(contract, category, possible),
    )


def is_shown(finding: Finding) -> bool:
    """Whether a finding claims that the contract has a clause of the category."""
    return finding.answer == "found" and finding.polarity != "denied"


def _touching(contract: Contract, category: str, findings: Iterable[Finding]) -> int:
    spans = contract.answers.get(category, ())
    count = 0
    for finding in findings:
        count += any(_touches(contract, finding, span) for span in spans)
    return count


def _touches(contract: Contract, finding: Finding, span: Span) -> bool:
    if finding.start < span.end and span.start < finding.end:
        return True
    return matches_any(finding.text, [contract.text[span.start : span.end]])


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of several counts."""
    every = list(tallies)
    sums = {name: sum(getattr(one, name) for one in every) for name in Tally.__slots__}
    return Tally(**sums)


def share(part: int, whole: int) -> float:
    """Return a rounded share, 0 of nothing."""
    return round(part / max(whole, 1), 4)
