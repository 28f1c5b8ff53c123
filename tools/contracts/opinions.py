"""Second opinions: what a model says of the places of which the extractor is unsure.

A model says yes, no or unsure of one place, and with yes it quotes the words that bear it out. A
quotation that does not stand in the document is dropped, and counted. An opinion stands beside what
the extractor says and moves no point of the risk: the contract's own words reach the model, so they
could move the points.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias, assert_never

from pydantic import Field

from interlock.runtime.door.tool import ToolFailed, Value
from interlock.tools.contracts.citations import SHORTEST, span_of, words_of
from interlock.tools.contracts.extraction import EXTRACTOR, Clause
from interlock.tools.contracts.passages import passage
from interlock.tools.documents import Document

#: Places of one document that may be asked about
MOST: Final = 12
#: Category, start and end of a clause
Key: TypeAlias = tuple[str, int, int]
#: With `none` no model answered: the extractor stands alone
Says: TypeAlias = Literal["yes", "no", "unsure", "none"]


class Opinion(Value):
    """What was answered about one place."""

    category: str
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    says: Says
    #: Which of the models behind the name answered
    model: str = Field(default="", max_length=100)
    quotation: str = Field(default="", max_length=2_000)
    #: Why no model answered, or why one answered that stands in for another
    codes: list[str] = Field(default_factory=list, max_length=8)

    @property
    def by(self) -> str:
        """Who says so, in words for people."""
        return f"model {self.model}" + (" (stands in)" if self.codes else "")


class Consulted(Value):
    """How a document's doubts were put to a model, in numbers."""

    asked: int
    agreed: int = 0
    differed: int = 0
    unsure: int = 0
    #: Places that the extractor did not have, and the model quotes
    added: int = 0
    #: Answers that quote what does not stand in the document: they were dropped
    ungrounded: int = 0
    unanswered: int = 0
    #: Doubts that nobody was asked about: more than may be, or more than the budget allows
    left: int = 0
    #: Why no model answered, or why one answered that stands in for another
    codes: list[str] = Field(default_factory=list)


class Weighed(Value):
    """The clauses of a document with their sources, and the numbers."""

    findings: list[Clause]
    possible: list[Clause]
    consulted: Consulted


def key_of(clause: Clause) -> Key:
    """Return what names a clause within its document."""
    return clause.category, clause.start, clause.end


def weighed(
    document: Document,
    *,
    findings: Sequence[Clause],
    possible: Sequence[Clause],
    opinions: Sequence[Opinion],
    left: int,
) -> Weighed:
    """Return the clauses with what the *opinions* say of them.

    Raises `ToolFailed` ("no_doubt") for an opinion on what is no clause here, or on one twice.
    """
    clauses = {key_of(clause): clause for clause in (*findings, *possible)}
    weighing = _Weighing(document, clauses, left=left)
    for opinion in opinions:
        weighing.take(opinion)
    shown = [weighing.sourced(clause) for clause in findings]
    places = [weighing.sourced(clause) for clause in possible]
    return Weighed(
        findings=shown,
        possible=sorted([*places, *weighing.added], key=_by_place),
        consulted=weighing.consulted,
    )


class _Weighing:
    """One document's opinions, taken one after the other."""

    def __init__(
        self, document: Document, clauses: Mapping[Key, Clause], *, left: int
    ) -> None:
        self._document = document
        self._clauses = clauses
        self._sources: dict[Key, str] = {}
        self.added: list[Clause] = []
        self.consulted = Consulted(asked=0, left=left)

    def sourced(self, clause: Clause) -> Clause:
        """Return the clause with its source."""
        source = self._sources.get(key_of(clause), clause.source)
        return clause.model_copy(update={"source": source})

    def take(self, opinion: Opinion) -> None:
        """Take one opinion; see `weighed`."""
        key = (opinion.category, opinion.start, opinion.end)
        if key not in self._clauses or key in self._sources:
            detail = f"no place of {opinion.category!r} is open at {opinion.start}"
            raise ToolFailed(code="no_doubt", detail=detail)
        self._sources[key] = self._source(opinion, self._clauses[key])
        codes = [*self.consulted.codes, *opinion.codes]
        self._count("asked", codes=list(dict.fromkeys(codes)))

    def _source(self, opinion: Opinion, clause: Clause) -> str:
        """Count the opinion, and return who says what of the clause."""
        match opinion.says:
            case "yes":
                return self._on_yes(opinion, clause)
            case "no":
                self._count("differed")
                return f"{EXTRACTOR}, {opinion.by} differs"
            case "unsure":
                self._count("unsure")
                return f"{EXTRACTOR}, {opinion.by} is unsure"
            case "none":
                self._count("unanswered")
                return f"{EXTRACTOR}, no model answered"
            case other:
                assert_never(other)

    def _on_yes(self, opinion: Opinion, clause: Clause) -> str:
        wanted = words_of(opinion.quotation)
        span = span_of(wanted, self._document.text) if len(wanted) >= SHORTEST else None
        if span is None:
            self._count("ungrounded")
            return EXTRACTOR
        start, end = span
        if start < clause.end and end > clause.start:
            self._count("agreed")
            return f"{EXTRACTOR}, {opinion.by} agrees"
        self._count("differed")
        if not any(_is_there(one, opinion.category, span) for one in self.added):
            self._count("added")
            self.added.append(self._quoted(opinion, span))
        return f"{EXTRACTOR}, {opinion.by} quotes another place"

    def _quoted(self, opinion: Opinion, span: tuple[int, int]) -> Clause:
        """Return the place that the model quotes: one to look at, and no clause of the contract."""
        place = passage(self._document, *span)
        return Clause(
            category=opinion.category,
            start=place.start,
            end=place.end,
            text=place.text,
            confidence=0,
            page=place.page,
            place=place.place,
            section=place.section,
            answer="possible",
            polarity="stated",
            source=opinion.by,
        )

    def _count(self, name: str, **more: object) -> None:
        number = getattr(self.consulted, name) + 1
        self.consulted = self.consulted.model_copy(update={name: number, **more})


def _is_there(clause: Clause, category: str, span: tuple[int, int]) -> bool:
    start, end = span
    return clause.category == category and start < clause.end and end > clause.start


def _by_place(clause: Clause) -> tuple[int, int, str]:
    return clause.start, clause.end, clause.category
