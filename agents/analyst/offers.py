"""What the analyst's model is offered in each phase, and how its choice becomes a call.

The model never sees a digest: documents are numbered from 1, in the order of the request.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from interlock.agents.planning.step import Offer, Step

#: The name of a tool, and its arguments
Call: TypeAlias = tuple[str, dict[str, Any]]

SEARCH: Final = "documents.search"
LOOK: Final = "clauses.look"
COMPARE: Final = "clauses.compare"
FILE: Final = "records.file"
REPORT: Final = "report.write"
MAIL: Final = "mail.send"
#: Looks that the planner may propose, and effects that it may plan
LOOKS: Final = (SEARCH, LOOK, COMPARE)
EFFECTS: Final = (FILE, REPORT, MAIL)
#: Chosen when the model has seen enough
ANSWER: Final = "answer"
STATEMENTS: Final = 6
_PASSAGES: Final = 4
_ADDRESS: Final = {"type": "string", "maxLength": 80}
_LINE: Final = {"type": "string", "maxLength": 120}


def looks(documents: int, categories: Sequence[str]) -> tuple[Offer, ...]:
    """Return the looks over so many documents; two are compared where there are two."""
    category = {"enum": list(categories)}
    search = Offer(
        name=SEARCH,
        about="Find passages by words, in all documents",
        arguments={"query": _LINE},
    )
    look = Offer(
        name=LOOK,
        about="Show the clauses of one category in one document",
        arguments={"document": _number(documents), "category": category},
    )
    compare = Offer(
        name=COMPARE,
        about="Compare the clauses of one category in two documents",
        arguments={
            "left": _number(documents),
            "right": _number(documents),
            "category": category,
        },
    )
    return (search, look, compare) if documents > 1 else (search, look)


def effects(documents: int) -> tuple[Offer, ...]:
    """Return the effects that can be planned, with what of them must be said beforehand."""
    file = Offer(
        name=FILE,
        about="Put the review of one document into the register",
        arguments={"document": _number(documents)},
    )
    report = Offer(
        name=REPORT,
        about="Write the report on one document",
        arguments={"document": _number(documents)},
    )
    mail = Offer(
        name=MAIL,
        about="Send a mail; its text is written after the answer",
        arguments={
            "to": {"type": "array", "items": _ADDRESS, "minItems": 1, "maxItems": 5},
            "subject": _LINE,
        },
    )
    return file, report, mail


def answer(documents: int) -> Offer:
    """Return the end of the looks: statements, each with the words that it rests on."""
    statement = {
        "type": "object",
        "properties": {
            "says": {"type": "string", "maxLength": 300},
            "document": _number(documents),
            "quotation": {"type": "string", "maxLength": 500},
        },
        "required": ["says", "document", "quotation"],
        "additionalProperties": False,
    }
    return Offer(
        name=ANSWER,
        about="Answer the question, each statement with words quoted from a document",
        arguments={
            "statements": {
                "type": "array",
                "items": statement,
                "minItems": 1,
                "maxItems": STATEMENTS,
            }
        },
    )


#: The text of a mail that was planned
BODY: Final = Offer(
    name=MAIL,
    about="Write the text of the planned mail",
    arguments={"body": {"type": "string", "maxLength": 1500}},
)


def call(step: Step, documents: Sequence[str]) -> Call:
    """Return the call of a look, with digests in place of numbers.

    Raises ValueError for a number without a document.
    """
    arguments = dict(step.arguments)
    for name in ("document", "left", "right"):
        if name in arguments:
            arguments[name] = digest(arguments[name], documents)
    if step.tool == SEARCH:
        arguments["most"] = _PASSAGES
    return step.tool, arguments


def statements(step: Step, documents: Sequence[str]) -> list[dict[str, Any]]:
    """Return the statements of an answer, with digests; one of no document rests on none."""
    return [_statement(one, documents) for one in step.arguments["statements"]]


def _statement(one: Mapping[str, Any], documents: Sequence[str]) -> dict[str, Any]:
    try:
        document = digest(one["document"], documents)
    except ValueError:
        document = ""
    return {
        "says": one["says"],
        "document": document,
        "quotation": one["quotation"],
    }


def digest(number: Any, documents: Sequence[str]) -> str:
    """Return the digest of the document with a number; raises ValueError for any other number."""
    if type(number) is not int or not 1 <= number <= len(documents):
        raise ValueError(f"there is no document {number!r}")
    return documents[number - 1]


def _number(documents: int) -> dict[str, Any]:
    return {"enum": list(range(1, documents + 1))}
