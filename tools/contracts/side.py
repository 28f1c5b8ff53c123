"""Which side a clause binds: ours, theirs, both, or unclear.

The subject of a sentence is read against the parties: "Supplier shall" binds the supplier,
"Customer may" binds everybody else. Nothing else is guessed: a clause whose sentences bind
different sides, or name nobody, is unclear.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

from interlock.tools.contracts.parties import Party

#: Who owes, grants, or is held by what a clause says; nobody is held by a date or a name
Bound: TypeAlias = Literal["ours", "theirs", "both", "unclear", "nobody"]
#: Categories that tell what holds for the contract, and bind no side
FACTS: Final = frozenset(
    {
        "Agreement Date",
        "Document Name",
        "Effective Date",
        "Expiration Date",
        "Governing Law",
        "Notice Period To Terminate Renewal",
        "Parties",
        "Renewal Term",
    }
)

_EVERYBODY: Final = (
    r"(?:neither|no|each|either|any|every|both|the|all|an?|one)"
    r"(?:\s+of\s+the)?\s+part(?:y|ies)"
)
_HAS_RIGHT: Final = (
    r"(?:(?:shall|will|may)\s+)?(?:(?:also|\w+ly)\s+)?(?:"
    r"(?:has|have|retains?|reserves?)\s+(?:\w+\s+){0,3}(?:rights?|options?|discretion|privilege)"
    r"|(?:is|are|be)\s+(?:\w+\s+)?entitled|receives?|owns?|(?:be|is|are)\s+(?:the\s+)?(?:sole\s+)?owner)"
    r"|can\b(?!not)|may\b(?!\s+not)"
)
_OWES: Final = (
    r"shall|will|must|may\s+not|cannot|agrees?|undertakes?|covenants?|warrants?|represents?|guarantees?"
    r"|grants?|assigns?|conveys?|transfers?|licenses?|waives?|commits?|indemnif(?:y|ies)|acknowledges?"
    r"|(?:is|are)\s+(?:\w+\s+)?(?:obliged|obligated|required|responsible|liable|bound|prohibited)"
)
_BETWEEN: Final = (
    r"(?:\s*,[^,.;]{0,80},)?\s+(?:(?:hereby|also|further|each|only|\w+ly)\s+){0,2}"
)
#: A party that stands after one of these is owed something, and after one of those owes
_FAVOURED: Final = (
    r"(?:owned\s+by|vests?\s+in|belongs?\s+to|property\s+of|(?:granted|assigned|paid|payable)\s+to"
    r"|(?:terminated|audited|inspected|exercised)\s+by)"
)
_BURDENED: Final = (
    r"(?:(?:assigned|transferred|provided|performed|maintained|purchased|paid|granted|payable|made)"
    r"(?:[^.;]{0,60})\s+by"
    r"|(?:liability|obligations?|duty|duties)\s+of)"
)
_POSSESSED: Final = r"['\u2019]s?\s+(?:[a-z]+\s+){0,4}liability"


def bound(clause: str, *, ours: Party, others: Sequence[Party]) -> Bound:
    """Return whom the clause binds; *others* are the parties that are not ours."""
    reader = _Reader(ours, others)
    sides = set(reader.sides(clause))
    if len(sides) == 1:
        return sides.pop()
    return "unclear"


class _Reader:
    """The sentences that name the parties of one contract, as patterns."""

    def __init__(self, ours: Party, others: Sequence[Party]) -> None:
        mine = _any_of(ours.aliases)
        alien = _any_of([alias for party in others for alias in party.aliases])
        self._mine = re.compile(mine)
        # Without a name for the others, only our own name and "the parties" can be read.
        who = (
            f"(?P<who>{mine}|{alien}|(?i:{_EVERYBODY}))"
            if alien
            else (f"(?P<who>{mine}|(?i:{_EVERYBODY}))")
        )
        article = r"(?<![\w-])(?:(?i:the)\s+)?"
        self._subject = re.compile(
            rf"{article}{who}(?:(?P<owner>(?i:{_POSSESSED}))|(?i:{_BETWEEN})"
            rf"(?:(?P<right>(?i:{_HAS_RIGHT}))|(?P<duty>(?i:{_OWES})))\b)"
            rf"|(?i:shall|will)\s+(?:(?i:the)\s+)?{who.replace('<who>', '<liable>')}"
            rf"\s+(?i:be\s+(?:\w+\s+)?(?:liable|responsible)|have\s+any\s+liability)\b"
        )
        self._object = re.compile(
            rf"(?:(?P<favoured>(?i:{_FAVOURED}))|(?P<burdened>(?i:{_BURDENED})))"
            rf"\s+(?:(?i:the)\s+)?{who}(?!\w)"
        )

    def sides(self, clause: str) -> Iterator[Bound]:
        """Yield the side that each sentence binds; a subject goes before what follows it."""
        for sentence in re.split(r"(?<=[a-z)][.;])\s+", clause):
            match = self._subject.search(sentence)
            if match is not None:
                who = match["who"] or match["liable"]
                yield self._side(who, owes=match["right"] is None)
                continue
            match = self._object.search(sentence)
            if match is not None:
                yield self._side(match["who"], owes=match["favoured"] is None)

    def _side(self, who: str, *, owes: bool) -> Bound:
        if self._mine.fullmatch(who):
            return "ours" if owes else "theirs"
        if re.fullmatch(_EVERYBODY, who, re.IGNORECASE):
            return "both"
        return "theirs" if owes else "ours"


def _any_of(aliases: Sequence[str]) -> str:
    """Return a pattern for any of the names, the longest first, with white space as it comes."""
    spelt = {spelling for alias in aliases for spelling in (alias, alias.upper())}
    ordered = sorted(spelt, key=len, reverse=True)
    return "|".join(r"\s+".join(map(re.escape, alias.split())) for alias in ordered)
