"""The risk score: a playbook applied to what was found, every point with what it rests on.

A clause counts as much as it is sure. What is only possible, or was not looked for, counts nothing
and is listed with what it would change.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, assert_never

from interlock.runtime.door.tool import Value
from interlock.tools.contracts.extraction import CERTAIN, Clause
from interlock.tools.contracts.risk.playbook import Playbook, Position, When

HIGHEST: Final = 1000
#: In basis points: from here on a finding is taken as it is when the least is counted
SURE: Final = 9_000
#: A clause that is surer than this leaves no points for the case that it is none
UNDOUBTED: Final = 9_000

Tier: TypeAlias = Literal["low", "medium", "high"]
#: Why a position is open: its clause is only possible, its category was not looked for, or the end
#: of the document was not read
Open: TypeAlias = Literal["possible", "unsupported", "unread"]


class Contribution(Value):
    """Points added by one position of the playbook."""

    category: str
    when: When
    #: Expected points: those of the position, by how sure it is that they count
    points: int
    #: The points of the position
    full: int
    #: In basis points: how sure it is that the position holds
    confidence: int
    why: str
    #: Whether it is an absence that counts only because what was found may be none
    doubted: bool = False
    #: The clauses that say so. Of an absence: what stands in the contract instead, if anything
    rests_on: list[Clause]


class Question(Value):
    """A position that counts nothing until somebody looks, and what it would add."""

    category: str
    when: When
    full: int
    why: str
    open: Open
    #: Where to look
    rests_on: list[Clause]


class Risk(Value):
    """A score from 0 to 1000, the tier it falls into, and what both rest on."""

    #: The sum of the expected points
    score: int
    tier: Tier
    #: If only what is sure counts
    least: int
    #: If everything doubtful, possible or unseen turns out against us
    most: int
    most_tier: Tier
    contributions: list[Contribution]
    questions: list[Question]
    playbook: str
    playbook_digest: str


def score(
    playbook: Playbook,
    clauses: Iterable[Clause],
    *,
    unsupported: Collection[str] = (),
    unread: int = 0,
) -> Risk:
    """Return the risk of a contract in which *clauses* were found; pure and order-free.

    *unsupported* are the categories that were not looked for, *unread* the characters at the end
    that were not read: no absence is claimed over either.
    """
    evidence = _Evidence(
        clauses=tuple(clauses),
        unsupported=frozenset(unsupported),
        unread=unread,
    )
    judged = [_judged(position, evidence) for position in playbook.positions]
    contributions = [part for part in judged if isinstance(part, Contribution)]
    questions = [part for part in judged if isinstance(part, Question)]
    contributions.sort(key=_heaviest_first)
    questions.sort(key=_most_at_stake)
    total = _bounded(part.points for part in contributions)
    most = _most(contributions, questions)
    return Risk(
        score=total,
        tier=_tier(playbook, total),
        least=min(total, _least(contributions)),
        most=most,
        most_tier=_tier(playbook, most),
        contributions=contributions,
        questions=questions,
        playbook=playbook.title,
        playbook_digest=playbook.digest,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Evidence:
    """What was found in one contract."""

    clauses: tuple[Clause, ...]
    unsupported: frozenset[str]
    unread: int

    def about(self, position: Position) -> list[Clause]:
        """Return the clauses that the position concerns, the surest first."""
        about = [
            clause
            for clause in self.clauses
            if clause.category == position.category and position.concerns(clause.bound)
        ]
        about.sort(key=lambda clause: (-clause.confidence, clause.start))
        return about

    def surest(self, categories: Collection[str]) -> int:
        """Return how sure it is that the contract has a clause of one of these categories."""
        return max(
            (
                clause.confidence
                for clause in self.clauses
                if clause.category in categories
                and clause.answer == "found"
                and clause.polarity != "denied"
            ),
            default=0,
        )


def _judged(position: Position, evidence: _Evidence) -> Contribution | Question | None:
    condition = CERTAIN
    if position.only_with:
        condition = evidence.surest(position.only_with)
    if not condition:
        return None
    if position.category in evidence.unsupported:
        return _question(position, "unsupported", ())
    about = evidence.about(position)
    match position.when:
        case "present":
            saying = [clause for clause in about if clause.polarity != "denied"]
            return _said(position, saying, condition)
        case "denied":
            denying = [clause for clause in about if clause.polarity == "denied"]
            return _said(position, denying, condition)
        case "absent":
            return _missing(position, about, condition, evidence)
        case _:
            assert_never(position.when)


def _said(
    position: Position, clauses: Sequence[Clause], condition: int
) -> Contribution | Question | None:
    found = [clause for clause in clauses if clause.answer == "found"]
    if found:
        sure = found[0].confidence * condition // CERTAIN
        return _contribution(position, sure, found)
    return _question(position, "possible", clauses) if clauses else None


def _missing(
    position: Position,
    about: Sequence[Clause],
    condition: int,
    evidence: _Evidence,
) -> Contribution | Question | None:
    """Judge an absence: what grants it in some cases only, or denies it, does not fulfil it.

    Nothing is called absent while some clause possibly states it.
    """
    found = [
        clause
        for clause in about
        if clause.answer == "found" and clause.polarity == "stated"
    ]
    near = [
        clause
        for clause in about
        if clause.answer == "possible" and clause.polarity != "denied"
    ]
    if found:
        if found[0].confidence >= UNDOUBTED:
            return None
        doubt = (CERTAIN - found[0].confidence) * condition // CERTAIN
        contribution = _contribution(position, doubt, found)
        return contribution.model_copy(update={"doubted": True})
    if near:
        return _question(position, "possible", near)
    if evidence.unread:
        return _question(position, "unread", ())
    instead = [
        clause for clause in evidence.clauses if clause.category == position.category
    ]
    return _contribution(position, condition, instead)


def _contribution(
    position: Position, confidence: int, clauses: Sequence[Clause]
) -> Contribution:
    return Contribution(
        category=position.category,
        when=position.when,
        points=round(position.points * confidence / CERTAIN),
        full=position.points,
        confidence=confidence,
        why=position.why,
        rests_on=list(clauses),
    )


def _question(position: Position, why: Open, clauses: Sequence[Clause]) -> Question:
    return Question(
        category=position.category,
        when=position.when,
        full=position.points,
        why=position.why,
        open=why,
        rests_on=list(clauses),
    )


def _heaviest_first(contribution: Contribution) -> tuple[int, str, str]:
    return -contribution.points, contribution.category, contribution.when


def _most_at_stake(question: Question) -> tuple[int, str, str]:
    return -question.full, question.category, question.when


def _least(contributions: Iterable[Contribution]) -> int:
    return _bounded(part.full for part in contributions if part.confidence >= SURE)


def _most(contributions: Iterable[Contribution], questions: Iterable[Question]) -> int:
    stakes = [part.full for part in contributions]
    stakes += [question.full for question in questions]
    return _bounded(stakes)


def _bounded(points: Iterable[int]) -> int:
    return min(HIGHEST, sum(points))


def _tier(playbook: Playbook, total: int) -> Tier:
    if total >= playbook.high:
        return "high"
    if total >= playbook.medium:
        return "medium"
    return "low"
