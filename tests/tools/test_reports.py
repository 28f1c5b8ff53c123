"""Reports: sealed in the database, found by content, gone with their run, and on no disk."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.errors import NotFound
from interlock.runtime.policy.decision import MINT, Permit
from interlock.runtime.run.run import Run
from interlock.runtime.testing import World
from interlock.tools.reports import Report, Reports

PAGE = "<p>kestrel caf\u00e9</p>"
SHA256 = hashlib.sha256(PAGE.encode()).hexdigest()


async def kept(office: Any, run: Run, page: str = PAGE) -> Report:
    """Keep a page for the run, durably."""
    permit = Permit(
        MINT,
        tool="report.write",
        digest="0" * 64,
        action_id="1" * 64,
        run_id=run.id,
        claim=run.claim,
        tenant=run.tenant,
    )
    report: Report = office.reports.keep(permit, name="review.html", page=page)
    await office.world.store.durable(run.claim)
    return report


async def test_a_report_is_found_by_what_it_says(office: Any) -> None:
    """A report comes back by its name and the digest of its bytes, and by nothing else."""
    run = await office.run()
    other = await office.run()
    report = await kept(office, run)

    assert report == Report(name="review.html", page=PAGE, sha256=SHA256)
    assert (
        await office.reports.named(run.id, name="review.html", sha256=SHA256) == report
    )
    for run_id, name, sha256 in (
        (other.id, "review.html", SHA256),
        (run.id, "other.html", SHA256),
        (run.id, "../review.html", SHA256),
        (run.id, "review.html", "0" * 64),
        (run.id, "", ""),
    ):
        with pytest.raises(ToolFailed) as refused:
            await office.reports.named(run_id, name=name, sha256=sha256)
        assert refused.value.code == "no_report"


async def test_the_newest_report_of_a_run_is_the_one_to_show(office: Any) -> None:
    """Every report of a run is kept; the newest is the one to show, and a run without is named."""
    run = await office.run()
    first = await kept(office, run)
    office.clock.advance(1)
    second = await kept(office, run, "<p>second</p>")

    assert await office.reports.of_run(run.id) == (second, first)
    assert await office.reports.newest(run.id) == second
    with pytest.raises(NotFound):
        await office.reports.newest("run-0")


async def test_a_report_is_sealed_and_on_no_disk(office: Any, tmp_path: Path) -> None:
    """No byte of a report is readable in any file that a home has."""
    await kept(office, await office.run())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]

    assert files
    assert [path for path in files if b"kestrel" in path.read_bytes()] == []


async def test_a_report_goes_with_its_run(office: Any) -> None:
    """An erased run has no report, and another run's report of the same content stays."""
    gone = await office.run()
    stays = await office.run()
    for run in (gone, stays):
        await kept(office, run)
        await office.world.runs.end(run, "done", {})
    await office.world.runs.erase(gone.id, by="ada")

    assert await office.reports.of_run(gone.id) == ()
    assert len(await office.reports.of_run(stays.id)) == 1


async def test_another_machine_finds_the_report(office: Any, tmp_path: Path) -> None:
    """The database and the keys are all that another process needs."""
    run = await office.run()
    report = await kept(office, run)
    async with World(tmp_path / "world") as elsewhere:
        reports = Reports(store=elsewhere.store, vault=elsewhere.vault)

        assert await reports.newest(run.id) == report
