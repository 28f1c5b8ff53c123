"""The clauses of a review by what they are about, each beside what our playbook says of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from interlock.tools.contracts.extraction import Clause
from interlock.tools.contracts.report.passages import Mark
from interlock.tools.contracts.review import PARTIES, Review
from interlock.tools.contracts.risk import Playbook

#: What a position makes of the contract: it adds points, it waits for somebody to look, or nothing
Result: TypeAlias = Literal["adds", "open", "met"]
_CHAPTERS: Final = {
    "The contract": (
        "Document Name", "Parties", "Agreement Date", "Effective Date",
        "Governing Law", "Third Party Beneficiary",
    ),
    "Term and end": (
        "Expiration Date", "Renewal Term", "Notice Period To Terminate Renewal",
        "Termination For Convenience", "Post-Termination Services",
    ),
    "Liability and warranty": (
        "Cap On Liability", "Uncapped Liability", "Liquidated Damages", "Warranty Duration",
        "Insurance", "Covenant Not To Sue",
    ),
    "Money and quantities": (
        "Minimum Commitment", "Volume Restriction", "Price Restrictions",
        "Revenue/Profit Sharing", "Most Favored Nation", "Audit Rights",
    ),
    "What a party may not do": (
        "Exclusivity", "Non-Compete", "Competitive Restriction Exception",
        "No-Solicit Of Customers", "No-Solicit Of Employees", "Non-Disparagement",
    ),
    "Transfer and control": (
        "Anti-Assignment", "Change Of Control", "Rofr/Rofo/Rofn",
    ),
    "Intellectual property": (
        "Ip Ownership Assignment", "Joint Ip Ownership", "License Grant",
        "Non-Transferable License", "Affiliate License-Licensor", "Affiliate License-Licensee",
        "Unlimited/All-You-Can-Eat-License", "Irrevocable Or Perpetual License",
        "Source Code Escrow",
    ),
}  # fmt: skip
_OTHER: Final = "Other clauses"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stance:
    """One position of the playbook, and what it makes of this contract."""

    why: str
    result: Result
    #: What it adds now, and what it would add at most
    points: int
    full: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One kind of clause: where the contract says it, and our position."""

    category: str
    marks: tuple[Mark, ...]
    stances: tuple[Stance, ...]

    @property
    def points(self) -> int:
        """What the kind adds to the risk."""
        return sum(stance.points for stance in self.stances)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chapter:
    """Kinds of clauses that belong together."""

    title: str
    entries: tuple[Entry, ...]


def marks(review: Review) -> list[Mark]:
    """Return every clause of the review with its number: in the order of the text, from 1.

    What is only possible comes in the same order, so that a reader meets the numbers in turn.
    """
    clauses = sorted([*review.findings, *review.possible], key=_by_place)
    return [
        Mark(number=number, clause=clause)
        for number, clause in enumerate(clauses, start=1)
    ]


def chapters(review: Review, playbook: Playbook | None = None) -> list[Chapter]:
    """Return the found clauses by chapter, each kind with what the playbook says of it.

    With *playbook* positions are named, too, that add nothing. Who the parties are is told apart.
    """
    found = [mark for mark in marks(review) if mark.clause.answer == "found"]
    chapters = []
    for title, categories in [*_CHAPTERS.items(), (_OTHER, _others(found))]:
        entries = [_entry(name, found, review, playbook) for name in categories]
        shown = tuple(entry for entry in entries if entry.marks)
        if shown:
            chapters.append(Chapter(title=title, entries=shown))
    return chapters


def _entry(
    category: str,
    found: Sequence[Mark],
    review: Review,
    playbook: Playbook | None,
) -> Entry:
    standing = [mark for mark in found if mark.clause.category == category]
    return Entry(
        category=category,
        marks=() if category == PARTIES else tuple(standing),
        stances=tuple(_stances(category, review, playbook)),
    )


def _stances(category: str, review: Review, playbook: Playbook | None) -> list[Stance]:
    stances = [
        Stance(
            why=part.why,
            result="adds",
            points=part.points,
            full=part.full,
        )
        for part in review.risk.contributions
        if part.category == category
    ]
    stances += [
        Stance(
            why=question.why,
            result="open",
            points=0,
            full=question.full,
        )
        for question in review.risk.questions
        if question.category == category
    ]
    told = {stance.why for stance in stances}
    stances += [
        Stance(
            why=position.why,
            result="met",
            points=0,
            full=position.points,
        )
        for position in (playbook.positions if playbook else ())
        if position.category == category and position.why not in told
    ]
    return stances


def _others(found: Sequence[Mark]) -> list[str]:
    known = {category for categories in _CHAPTERS.values() for category in categories}
    others = [mark.clause.category for mark in found]
    return list(dict.fromkeys(name for name in others if name not in known))


def _by_place(clause: Clause) -> tuple[int, int, str]:
    return clause.start, clause.end, clause.category
