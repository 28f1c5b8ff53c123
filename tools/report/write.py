"""The report tool: the review of one contract as a page a lawyer can read, in the run's own report folder."""

import hashlib
import os
from pathlib import Path

from interlock.runtime.decision import Permit
from interlock.runtime.request import Resource
from interlock.runtime.tool import AnyTool, ToolFailed, Value, tool
from interlock.tools.extraction import Clause
from interlock.tools.report.page import render
from interlock.tools.risk import Risk


class Report(Value):
    """Write the review of one document."""

    document: str
    name: str
    findings: list[Clause]
    risk: Risk


class Written(Value):
    """A report that was written; *name* is what a mail attaches."""

    name: str
    sha256: str


def report_tools(*, folder: Path) -> tuple[AnyTool, ...]:
    """Return `report.write`: one file per run and document, the same bytes for the same review."""

    @tool(
        name="report.write", action_class="write", idempotent=True,
        resource=lambda a: Resource(type="report", id=a.document),
    )  # fmt: skip
    async def write(permit: Permit, arguments: Report) -> Written:
        page = render("review.html", report=arguments, title=f"Review of {arguments.name}").encode()
        target = folder / permit.run_id / "review.html"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_suffix(".new")
            with temporary.open("wb") as file:
                file.write(page)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except OSError as error:
            raise ToolFailed(code="report", detail=f"{target}: {error.strerror}") from error
        return Written(name=target.name, sha256=hashlib.sha256(page).hexdigest())

    return (write,)
