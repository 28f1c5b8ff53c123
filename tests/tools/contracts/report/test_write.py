"""The report tool: one file a run, the same bytes for the same document, named by its content, said
by nobody else.
"""

import hashlib
from typing import Any

import pytest

from interlock.runtime.door.outcome import Done, Failed
from interlock.tools.contracts.report import Written, printed


async def test_the_same_review_is_the_same_bytes(office: Any) -> None:
    """However often and whenever a run writes its report, it is the page of the review, named by
    its digest.
    """
    run = await office.run()
    outcomes = []
    for call in ("1", "2"):
        outcomes.append(await office.propose(run, "report.write", call, document="sha256:ab"))
        office.clock.advance(3600)
    page = (office.reports / run.id / "review.html").read_bytes()

    assert page == printed(await office.reviews.of("sha256:ab", run_id=run.id))
    assert all(isinstance(each, Done) for each in outcomes)
    assert {each.value for each in outcomes} == {
        Written(name="review.html", sha256=hashlib.sha256(page).hexdigest())
    }
    assert [path.name for path in sorted((office.reports / run.id).iterdir())] == ["review.html"]


@pytest.mark.parametrize(
    "document",
    ["sha256:ab", "sha256:" + "0" * 64, ""],
    ids=["of another run", "of nobody", "empty"],
)
async def test_only_what_the_run_read_is_reported(office: Any, document: str) -> None:
    """A document that this run did not read is not reported on, whoever else read it."""
    await office.run()
    stranger = await office.run(read=None)
    outcome = await office.propose(stranger, "report.write", document=document)

    assert isinstance(outcome, Failed)
    assert outcome.code == "not_read"
    assert not office.reports.exists()


async def test_a_report_is_its_owners_alone(office: Any) -> None:
    """Nobody else reads a report, or sees which runs there are."""
    run = await office.run()
    await office.propose(run, "report.write", document="sha256:ab")
    every = [office.reports, office.reports / run.id, office.reports / run.id / "review.html"]

    assert [path.stat().st_mode & 0o777 for path in every] == [0o700, 0o700, 0o600]


async def test_a_report_that_cannot_be_written_says_so(office: Any) -> None:
    """A folder that cannot be made is a certain failure."""
    office.reports.write_text("a file", "utf-8")
    outcome = await office.propose(await office.run(), "report.write", document="sha256:ab")

    assert isinstance(outcome, Failed)
    assert outcome.code == "report"
