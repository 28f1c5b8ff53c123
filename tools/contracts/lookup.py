"""Clauses by category: looked up in one document, or in two of them side by side.

The clauses are those of the run's own review, so a look-up, a report and a record say the same.
"""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final

from pydantic import Field

from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Resource
from interlock.tools.contracts.extraction import Clause
from interlock.tools.contracts.passages import label
from interlock.tools.contracts.review import CODES as REVIEW_CODES
from interlock.tools.contracts.review import Review, Reviews

CODES: Final = (*REVIEW_CODES, "category_unknown")
#: Words of each side that are compared
LONGEST: Final = 4_000


class Look(Value):
    """Look one category of clauses up in a document that this run has read."""

    document: str
    category: str = Field(max_length=100)


class Compare(Value):
    """Compare the clauses of one category in two documents that this run has read."""

    left: str
    right: str
    category: str = Field(max_length=100)


class Looked(Value):
    """The clauses of one category, in the order of the text."""

    document: str
    name: str
    category: str
    #: Clauses, and at most one place that may be one: its `answer` says which
    clauses: list[Clause]


class Comparison(Value):
    """The clauses of both documents, and the words by which they differ."""

    left: Looked
    right: Looked
    #: Stretches of words that stand in one side alone, in their order
    only_left: list[str]
    only_right: list[str]


def compared(left: Looked, right: Looked) -> Comparison:
    """Return both sides, and what stands in one alone; case and blanks make no difference."""
    ours = _words(left.clauses)
    theirs = _words(right.clauses)
    matcher = SequenceMatcher(
        None,
        [word.casefold() for word in ours],
        [word.casefold() for word in theirs],
        autojunk=False,
    )
    only_left = []
    only_right = []
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        only_left.append(" ".join(ours[start:end]))
        only_right.append(" ".join(theirs[other_start:other_end]))
    return Comparison(
        left=left,
        right=right,
        only_left=[words for words in only_left if words],
        only_right=[words for words in only_right if words],
    )


def _words(clauses: Sequence[Clause]) -> list[str]:
    return " ".join(clause.text for clause in clauses).split()[:LONGEST]


def _looked(review: Review, category: str) -> Looked:
    return Looked(
        document=review.document,
        name=review.name,
        category=category,
        clauses=list(_of(review, category)),
    )


def _of(review: Review, category: str) -> Iterator[Clause]:
    for clause in (*review.findings, *review.possible):
        if clause.category == category:
            yield clause


def lookup_tools(reviews: Reviews, *, categories: Sequence[str]) -> tuple[AnyTool, ...]:
    """Return `clauses.look` and `clauses.compare`, over the *categories* that there are."""

    async def look_up(document: str, category: str, permit: Permit) -> Looked:
        if category not in categories:
            raise ToolFailed(
                code="category_unknown", detail=f"no category {category!r}"
            )
        return _looked(await reviews.make(document, permit=permit), category)

    def one(arguments: Look, _: Looked) -> Label:
        return label(arguments.document)

    def both(arguments: Compare, _: Comparison) -> Label:
        return label(arguments.left, arguments.right)

    @tool(
        "clauses.look",
        action="pure",
        yields=one,
        resource=_document,
        codes=CODES,
    )
    async def look(permit: Permit, arguments: Look) -> Looked:
        """Look up the clauses of one category in a document."""
        return await look_up(arguments.document, arguments.category, permit)

    @tool(
        "clauses.compare",
        action="pure",
        yields=both,
        codes=CODES,
    )
    async def compare(permit: Permit, arguments: Compare) -> Comparison:
        """Compare the clauses of one category in two documents, word by word."""
        left = await look_up(arguments.left, arguments.category, permit)
        right = await look_up(arguments.right, arguments.category, permit)
        return compared(left, right)

    return look, compare


def _document(arguments: Look) -> Resource:
    return Resource(type="document", id=arguments.document)
