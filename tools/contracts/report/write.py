"""The report tool: the review of one contract as a page a lawyer can read, in the run's own report folder."""

import hashlib
from pathlib import Path
from typing import Final

from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.tools import files
from interlock.tools.contracts.review import Review, Reviews
from interlock.tools.page import render

NAME: Final = "review.html"


class Report(Value):
    """Write the review of one document that the run has read; what it says comes from the document."""

    document: str


class Written(Value):
    """A report that was written; *name* is what a mail attaches."""

    name: str
    sha256: str


def printed(review: Review) -> bytes:
    """Return the page of a review: the same bytes for the same review."""
    return render("review.html", review=review, title=f"Review of {review.name}").encode()


def report_tools(*, folder: Path, reviews: Reviews) -> tuple[AnyTool, ...]:
    """Return `report.write`: one file a run, the same bytes for the same document."""

    @tool(
        "report.write",
        action="write",
        idempotent=True,
        resource=lambda a: Resource(type="report", id=a.document),
    )
    async def write(permit: Permit, arguments: Report) -> Written:
        """Write the report of the reviewed document."""
        page = printed(await reviews.of(arguments.document, run_id=permit.run_id))
        target = folder / permit.run_id / NAME
        try:
            files.write(target, page)
        except OSError as error:
            raise ToolFailed(code="report", detail=f"{target}: {error.strerror}") from error
        return Written(name=target.name, sha256=hashlib.sha256(page).hexdigest())

    return (write,)
