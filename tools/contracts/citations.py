"""Citations: what an answer says, held against the place in a document that it names.

A statement is grounded where its quotation stands in the document word for word, and every number
of the statement stands in the quotation or names its place. Whether the words bear the statement
out is for a reader: the exact span is shown beside it. What is not grounded is told apart, with the
code of why.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

from pydantic import Field

from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Label
from interlock.tools.contracts.passages import Passage, label, passage
from interlock.tools.documents import Document
from interlock.tools.library import Library

#: Statements of one answer
MOST: Final = 20
#: Words of the shortest quotation: fewer stand in any contract by chance
SHORTEST: Final = 3
#: No quotation; too few words; a document that the run has not read; words that do not stand there;
#: a number in the statement that the quotation does not have
Fault: TypeAlias = Literal[
    "no_quotation", "too_short", "not_read", "not_there", "other_numbers"
]
_TOKEN: Final = re.compile(r"[^\W_]+")
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
#: A comma between thousands; any other is part of the number: 1,5 is not 15
_GROUPED: Final = re.compile(r",(?=\d{3}(?!\d))")


class Statement(Value):
    """One sentence of an answer, and the words of a document that it rests on."""

    says: str = Field(min_length=1, max_length=1_000)
    document: str = ""
    quotation: str = Field(default="", max_length=2_000)


class Answer(Value):
    """Check the statements of an answer against the documents that this run has read."""

    statements: list[Statement] = Field(min_length=1, max_length=MOST)


class Checked(Value):
    """A statement with the span that it cites; without one, why it is not grounded."""

    says: str
    cites: Passage | None = None
    fault: Fault | None = None


class Statements(Value):
    """Every statement of an answer, in its order."""

    statements: list[Checked]


def checked(statement: Statement, read: Mapping[str, Document]) -> Checked:
    """Return the statement with the exact span of its quotation, or with why there is none.

    Case, blanks and signs between the words make no difference to where a quotation stands.
    """
    wanted = words_of(statement.quotation)
    fault: Fault
    if not wanted:
        fault = "no_quotation"
    elif len(wanted) < SHORTEST:
        fault = "too_short"
    elif statement.document not in read:
        fault = "not_read"
    else:
        return _placed(statement, read[statement.document], wanted)
    return Checked(says=statement.says, fault=fault)


def _placed(statement: Statement, document: Document, wanted: Sequence[str]) -> Checked:
    span = span_of(wanted, document.text)
    if span is None:
        return Checked(says=statement.says, fault="not_there")
    cites = passage(document, *span)
    if not _numbers(_without_place(statement.says, cites)) <= _numbers(cites.text):
        return Checked(says=statement.says, fault="other_numbers")
    return Checked(says=statement.says, cites=cites)


def _without_place(says: str, cites: Passage) -> str:
    """Return the statement without the words that name its place: their numbers are no claim."""
    section = rf"(?:section|clause|article|§)\s*{re.escape(cites.section)}"
    places = [re.escape(cites.name), re.escape(cites.place)]
    if cites.section:
        places.append(section)
    return re.sub(
        rf"(?:{'|'.join(places)})(?![\w.]*\d)", " ", says, flags=re.IGNORECASE
    )


def words_of(quotation: str) -> list[str]:
    """Return the words of a quotation, as they are compared."""
    return _TOKEN.findall(quotation.casefold())


def span_of(wanted: Sequence[str], text: str) -> tuple[int, int] | None:
    """Return where the words stand one after the other, with nothing but signs between them."""
    tokens = list(_TOKEN.finditer(text))
    said = [token[0].casefold() for token in tokens]
    for index in range(len(said) - len(wanted) + 1):
        if said[index] == wanted[0] and said[index : index + len(wanted)] == [*wanted]:
            return tokens[index].start(), tokens[index + len(wanted) - 1].end()
    return None


def _numbers(text: str) -> set[str]:
    return {_GROUPED.sub("", number) for number in _NUMBER.findall(text)}


def citation_tools(library: Library) -> tuple[AnyTool, ...]:
    """Return `answers.check`, a pure function of documents that the run has read."""

    def shown(answer: Answer, _: Statements) -> Label:
        return label(*{one.document for one in answer.statements if one.document})

    @tool("answers.check", action="pure", yields=shown)
    async def check(permit: Permit, answer: Answer) -> Statements:
        """Hold the statements of an answer against the documents that they cite."""
        read = await library.of_run(permit.run_id)

        def work() -> list[Checked]:
            return [checked(statement, read) for statement in answer.statements]

        return Statements(statements=await asyncio.to_thread(work))

    return (check,)
