"""The answers of a model as bytes, and what of such bytes a parent believes.

The parent believes the form: known answers, spans inside the text, words that stand at their span,
a probability. Whether the clauses are right is for no parent to know.
"""

import json
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from interlock.tools.contracts.clauses.answers import (
    Answer,
    Answers,
    Finding,
    Polarity,
)
from interlock.tools.sandbox.limits import Refusal

#: More than an honest answer has: some findings of each category, none longer than a list
MAX_BYTES: Final = 32 * 1024 * 1024


class _Row(BaseModel):
    """One finding on its way; the words follow from the span."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
    )

    category: str
    start: int = Field(ge=0)
    end: int
    confidence: float = Field(ge=0, le=1)
    answer: Answer
    polarity: Polarity


class _Message(BaseModel):
    """The whole answer on its way."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
    )

    version: str
    findings: list[_Row]
    more: dict[str, int]
    unread: int = Field(ge=0)


def encoded(version: str, answers: Answers) -> bytes:
    """Return the answers of a model as one JSON object."""
    rows = [
        _Row(
            category=finding.category,
            start=finding.start,
            end=finding.end,
            confidence=finding.confidence,
            answer=finding.answer,
            polarity=finding.polarity,
        )
        for finding in answers.findings
    ]
    message = _Message(
        version=version,
        findings=rows,
        more=dict(answers.more),
        unread=answers.unread,
    )
    return message.model_dump_json().encode()


def failed(code: Literal["limit"]) -> bytes:
    """Return the answer of a child that could not finish."""
    return json.dumps({"code": code}).encode()


def accepted(answer: bytes, *, text: str, version: str) -> Answers:
    """Return the answers of a child about *text*; `Refusal` for every other form of answer."""
    if answer == failed("limit"):
        raise Refusal("limit", "finding its clauses needs more memory than is allowed")
    try:
        message = _Message.model_validate_json(answer)
    except ValidationError:
        raise Refusal(
            "unreadable", "the clause finder gave no answer that makes sense"
        ) from None
    if message.version != version or not _fits(message, text):
        raise Refusal(
            "unreadable", "the clause finder answered about another text or model"
        )
    findings = [
        Finding(
            category=row.category,
            start=row.start,
            end=row.end,
            text=text[row.start : row.end],
            confidence=row.confidence,
            answer=row.answer,
            polarity=row.polarity,
        )
        for row in message.findings
    ]
    return Answers(
        findings=tuple(findings),
        more=message.more,
        unread=message.unread,
    )


def _fits(message: _Message, text: str) -> bool:
    if message.unread > len(text):
        return False
    return all(row.start < row.end <= len(text) for row in message.findings)
