"""The report tool: the page of the review that the run keeps, named by its content, said by nobody
else.
"""

import hashlib
from typing import Any

import pytest

from interlock.runtime.door.outcome import Done, Failed
from interlock.tools.contracts.report import Written, printed


async def test_the_same_review_is_the_same_bytes(office: Any, contract: Any) -> None:
    """However often and whenever a run writes its report, it is the page of the review, named by
    its digest.
    """
    run = await office.reviewed()
    outcomes = []
    for call in ("1", "2"):
        outcomes.append(
            await office.propose(run, "report.write", call, document="sha256:ab")
        )
        office.clock.advance(3600)
    (report,) = await office.reports.of_run(run.id)
    sha256 = hashlib.sha256(report.page.encode()).hexdigest()

    review = await office.reviews.of("sha256:ab", run_id=run.id)
    assert report.page == printed(review, contract)
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert {outcome.value for outcome in outcomes} == {
        Written(name="review.html", sha256=sha256)
    }


@pytest.mark.parametrize(
    "document",
    ["sha256:ab", "sha256:" + "0" * 64, ""],
    ids=["of another run", "of nobody", "empty"],
)
@pytest.mark.parametrize("read", [True, False], ids=["read", "not read"])
async def test_only_what_the_run_reviewed_is_reported(
    office: Any, contract: Any, document: str, read: bool
) -> None:
    """A document that this run did not review is not reported on, whoever else reviewed it."""
    await office.reviewed()
    stranger = await office.run(read=contract if read else None)
    outcome = await office.propose(stranger, "report.write", document=document)

    assert isinstance(outcome, Failed)
    assert outcome.code == "not_reviewed"
    assert await office.reports.of_run(stranger.id) == ()
