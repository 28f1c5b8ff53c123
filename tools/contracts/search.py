"""Search: the passages of a run's documents that have most to do with some words, by BM25.

The words are counted in this process, so no text leaves for a search. BM25 is the weighting of
Robertson and Zaragoza (Foundations and Trends in Information Retrieval 3(4), 2009).
"""

import asyncio
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Label
from interlock.tools.contracts.passages import (
    Passage,
    label,
    passage,
    stretches,
    words,
)
from interlock.tools.documents import Document
from interlock.tools.library import Library

#: Passages that one search shows
MOST: Final = 20
CODES: Final = ("not_read",)
#: How soon another mention of a word counts no more, and how much a long passage is held back
_SATURATION: Final = 1.2
_LENGTH: Final = 0.75
#: Words that stand in every clause, and say nothing of what is looked for
_COMMON: Final = frozenset(
    words("a an and any are as at be by for from in is it its of on or shall such that")
    + words(
        "the their them these this to was which will with what who may can does do let"
    )
)


class Search(Value):
    """Look for words in documents that this run has read; without *documents* in all of them."""

    query: str = Field(min_length=1, max_length=300)
    documents: list[str] = Field(default_factory=list, max_length=100)
    most: int = Field(
        default=6,
        ge=1,
        le=MOST,
    )


class Passages(Value):
    """What a search shows, the best first; none where no word of the query stands anywhere."""

    passages: list[Passage]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    document: Document
    start: int
    end: int
    counts: Counter[str]

    @property
    def length(self) -> int:
        return self.counts.total()


def ranked(documents: Sequence[Document], query: str, *, most: int) -> list[Passage]:
    """Return the passages that say most of the query, the best first; equal ones in their order."""
    wanted = set(words(query)) - _COMMON
    places = [place for document in documents for place in _places(document)]
    weights = _weights(wanted, places)
    average = sum(place.length for place in places) / max(1, len(places))
    scored = [(_score(place, weights, average), place) for place in places]
    best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])
    return [passage(place.document, place.start, place.end) for _, place in best[:most]]


def _places(document: Document) -> Iterator[_Place]:
    for unit in stretches(document.text):
        yield _Place(
            document=document,
            start=unit.start,
            end=unit.end,
            counts=Counter(words(document.text[unit.start : unit.end])),
        )


def _weights(wanted: set[str], places: Sequence[_Place]) -> dict[str, float]:
    """Return how much each word tells: a rare one more than one that stands everywhere."""
    weights = {}
    for word in wanted:
        having = sum(word in place.counts for place in places)
        weights[word] = math.log(1 + (len(places) - having + 0.5) / (having + 0.5))
    return weights


def _score(place: _Place, weights: dict[str, float], average: float) -> float:
    held_back = _SATURATION * (1 - _LENGTH + _LENGTH * place.length / max(1, average))
    score = 0.0
    for word, weight in weights.items():
        count = place.counts[word]
        score += weight * count * (_SATURATION + 1) / (count + held_back)
    return score


def search_tools(library: Library) -> tuple[AnyTool, ...]:
    """Return `documents.search`, a pure function of documents that the run has read."""

    def shown(_: Search, found: Passages) -> Label:
        return label(*{one.document for one in found.passages})

    @tool(
        "documents.search",
        action="pure",
        yields=shown,
        codes=CODES,
    )
    async def search(permit: Permit, arguments: Search) -> Passages:
        """Find the passages of the documents that have most to do with some words."""
        read = await library.of_run(permit.run_id)
        wanted = arguments.documents or list(read)
        missing = [digest for digest in wanted if digest not in read]
        if missing:
            raise ToolFailed(code="not_read", detail=f"this run read no {missing[0]!r}")
        documents = [read[digest] for digest in dict.fromkeys(wanted)]
        found = await asyncio.to_thread(
            ranked, documents, arguments.query, most=arguments.most
        )
        return Passages(passages=found)

    return (search,)
