"""The report tool: the review of one contract as a page that a lawyer can read."""

import asyncio
from pathlib import Path
from typing import Final

from interlock.runtime.door.tool import AnyTool, ToolFailed, Undo, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.tools.contracts.report.chapters import chapters, marks
from interlock.tools.contracts.report.leaves import is_cut, leaves
from interlock.tools.contracts.report.roll import roll
from interlock.tools.contracts.review import Review, Reviews
from interlock.tools.documents import Document
from interlock.tools.library import Library
from interlock.tools.page import render
from interlock.tools.reports import Reports

NAME: Final = "review.html"
#: The templates of a report; other pages may include its parts
TEMPLATES: Final = Path(__file__).resolve().parent / "templates"


class Write(Value):
    """Write the report of one document that the run has reviewed."""

    document: str


class Withdraw(Value):
    """Withdraw a report that the run has written, by its content."""

    sha256: str


class Written(Value):
    """A report that was written; a mail attaches it by this name and content."""

    name: str
    sha256: str


def printed(review: Review, document: Document) -> str:
    """Return the page of a review of *document*: the same text for the same review."""
    marked = marks(review)
    shown = leaves(document, marked)
    return render(
        "review.html",
        folders=(TEMPLATES,),
        review=review,
        title=f"Review of {review.name}",
        listed=roll(review.side, marked),
        chapters=chapters(review),
        leaves=shown,
        is_cut=is_cut(document),
    )


def report_tools(
    *, reports: Reports, reviews: Reviews, library: Library
) -> tuple[AnyTool, ...]:
    """Return `report.write` and `report.withdraw`, which takes back what the first one did.

    What the page says comes from the review that the run keeps.
    """

    @tool(
        "report.write",
        action="write",
        idempotent=True,
        undo=_withdrawal,
        resource=_report,
        codes=("not_reviewed",),
    )
    async def write(permit: Permit, arguments: Write) -> Written:
        """Write the report of a document that this run has reviewed."""
        review = await reviews.of(arguments.document, run_id=permit.run_id)
        reading = await library.reading(arguments.document, run_id=permit.run_id)
        page = await asyncio.to_thread(printed, review, reading.document)
        report = reports.keep(permit, name=NAME, page=page)
        return Written(name=report.name, sha256=report.sha256)

    @tool(
        "report.withdraw",
        action="write",
        idempotent=True,
        codes=("no_report",),
    )
    async def withdraw(permit: Permit, arguments: Withdraw) -> Withdraw:
        """Show a report that this run has written to nobody any more."""
        if not await reports.withdraw(permit, sha256=arguments.sha256):
            raise ToolFailed(code="no_report")
        return arguments

    return write, withdraw


def _report(arguments: Write) -> Resource:
    return Resource(type="report", id=arguments.document)


def _withdrawal(arguments: Write, written: Written) -> Undo:
    return Undo(tool="report.withdraw", arguments={"sha256": written.sha256})
