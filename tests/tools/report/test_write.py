"""The report tool: one file per run, the same bytes for the same review, named by its content."""

import hashlib
from pathlib import Path
from typing import Any

from interlock.runtime.outcome import Done, Failed
from interlock.runtime.testing import World
from interlock.tools.report import Written, report_tools
from interlock.tools.risk import load, score

REPORT = {
    "document": "sha256:ab", "name": "a.pdf", "risk": score(load(), []).model_dump(),
    "findings": [{"category": "Parties", "start": 0, "end": 4, "text": "Acme", "confidence": 9_000, "page": 1}],
}  # fmt: skip


async def wrote(folder: Path, *, reports: Path, calls: int = 1) -> tuple[str, Any]:
    """Write the report in a run of its own and return the run's id and the last outcome."""
    async with World(folder, tools=report_tools(folder=reports)) as world:
        run = await world.start()
        for call in range(calls):
            outcome = await world.pep.enforce(run, tool="report.write", arguments=REPORT, call_id=str(call))
        return run.id, outcome


async def test_the_same_review_is_the_same_bytes(tmp_path: Path) -> None:
    """Two runs that found the same write the same page, each into its own folder, and name it by its digest."""
    reports = tmp_path / "reports"
    (first, one), (second, two) = [await wrote(tmp_path / name, reports=reports, calls=2) for name in ("a", "b")]
    pages = [(reports / run / "review.html").read_bytes() for run in (first, second)]

    assert pages[0] == pages[1]
    assert isinstance(one, Done)
    assert isinstance(two, Done)
    assert one.value == two.value == Written(name="review.html", sha256=hashlib.sha256(pages[0]).hexdigest())
    assert [path.name for path in sorted((reports / first).iterdir())] == ["review.html"]


async def test_a_report_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """A folder that cannot be made is a certain failure."""
    (tmp_path / "reports").write_text("a file", "utf-8")
    _, outcome = await wrote(tmp_path / "w", reports=tmp_path / "reports")

    assert isinstance(outcome, Failed)
    assert outcome.code == "report"
