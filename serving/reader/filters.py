"""Which clauses of a review are shown: those of a kind, of a chapter, or that a person looks at."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, assert_never

from interlock.tools.contracts.report.chapters import Chapter, Entry
from interlock.tools.contracts.report.passages import Mark
from interlock.tools.page import HALF

#: `risk`: what adds points. `unsure`: what is less than half sure, or holds in some cases only.
#: `ours`: what binds us
Only: TypeAlias = Literal["all", "risk", "unsure", "ours"]
ONLY: Final[dict[Only, str]] = {
    "all": "everything that was found",
    "risk": "what adds to the risk",
    "unsure": "what is to be checked",
    "ours": "what binds us",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What somebody asked to see."""

    #: A kind of clause; empty for every kind
    category: str = ""
    only: Only = "all"

    def chapters(self, whole: Sequence[Chapter]) -> list[Chapter]:
        """Return the chapters with the entries and clauses that are wanted."""
        chapters = []
        for chapter in whole:
            entries = [self._entry(entry) for entry in chapter.entries]
            kept = tuple(entry for entry in entries if entry.marks)
            if kept:
                chapters.append(replace(chapter, entries=kept))
        return chapters

    def _entry(self, entry: Entry) -> Entry:
        if self.category not in ("", entry.category):
            return replace(entry, marks=())
        marks = tuple(mark for mark in entry.marks if self._wants(mark, entry))
        return replace(entry, marks=marks)

    def _wants(self, mark: Mark, entry: Entry) -> bool:
        match self.only:
            case "all":
                return True
            case "risk":
                return entry.points > 0
            case "unsure":
                clause = mark.clause
                return clause.confidence < HALF or clause.polarity != "stated"
            case "ours":
                return mark.clause.bound in ("ours", "both", "unclear")
            case _:
                assert_never(self.only)


def only_named(name: str) -> Only:
    """Return the filter of that name; everything for a name that is none."""
    return next((only for only in ONLY if only == name), "all")
