"""The clause tools: find clauses in a document, and check that each finding stands in it word for word."""

import asyncio
from typing import Final

from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.tools.contracts.clauses import ClauseModel
from interlock.tools.documents import Document
from interlock.tools.library import Library

CERTAIN: Final = 10_000  # confidence is in basis points: digests and budgets hold no floats


class Clause(Value):
    """One clause: an exact span of the document, [start, end) in code points, and its page from 1."""

    category: str
    start: int
    end: int
    text: str
    confidence: int
    page: int


class Extract(Value):
    """Find the clauses of one document."""

    document: str


class Ground(Value):
    """Check clauses against their document."""

    document: str
    findings: list[Clause]


class Clauses(Value):
    """Clauses in the order of the text; *dropped* counts those that did not stand in the document."""

    findings: list[Clause]
    dropped: int = 0
    extractor: str = ""


async def extracted(model: ClauseModel, document: Document) -> list[Clause]:
    """Return the clauses that *model* finds in the document; the same for the same text and model."""
    found = await asyncio.to_thread(model.find, document.text)
    return [
        Clause(
            category=each.category,
            start=each.start,
            end=each.end,
            text=each.text,
            confidence=round(each.confidence * CERTAIN),
            page=document.page_at(each.start),
        )
        for each in found
    ]


def grounded(document: Document, findings: list[Clause]) -> list[Clause]:
    """Return those findings that stand in the document word for word, at their place and on their page."""
    return [
        each
        for each in findings
        if 0 <= each.start < each.end <= len(document.text)
        and document.text[each.start : each.end] == each.text
        and document.page_at(each.start) == each.page
    ]


def extractor(model: ClauseModel) -> str:
    """Return the name of what found the clauses."""
    return f"clauses/{model.version}"


def clause_tools(*, library: Library, model: ClauseModel) -> tuple[AnyTool, ...]:
    """Return `clauses.extract` and `findings.ground`, both pure functions of a document that the run has read."""

    @tool("clauses.extract", action="pure", resource=_document)
    async def extract(permit: Permit, arguments: Extract) -> Clauses:
        """Find the clauses of a document that this run has read."""
        document = (await library.reading(arguments.document, run_id=permit.run_id)).document
        return Clauses(findings=await extracted(model, document), extractor=extractor(model))

    @tool("findings.ground", action="pure", resource=_document)
    async def ground(permit: Permit, arguments: Ground) -> Clauses:
        """Drop every finding whose quotation does not stand in the document."""
        document = (await library.reading(arguments.document, run_id=permit.run_id)).document
        held = grounded(document, arguments.findings)
        return Clauses(findings=held, dropped=len(arguments.findings) - len(held))

    return extract, ground


def _document(arguments: Extract | Ground) -> Resource:
    return Resource(type="document", id=arguments.document)
