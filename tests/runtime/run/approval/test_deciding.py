"""Who decides, about what was shown, and once."""

import asyncio
from pathlib import Path

import pytest
from tests.runtime.run.approval.filing import DONE, Desk, approve_record

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.request import Principal, Verdict
from interlock.runtime.testing import REVIEWER, FixedClock, World

WRONG: dict[str, tuple[Principal, str, str]] = {
    "the requester": (
        Principal(id="ana", tenant="default", roles=("reviewer",)),
        "fine by me",
        "own_request",
    ),
    "the requester in other letters": (
        Principal(id="Ana ", tenant="default", roles=("reviewer",)),
        "fine by me",
        "own_request",
    ),
    "nobody": (
        Principal(id=" ", tenant="default", roles=("reviewer",)),
        "fine by me",
        "nobody",
    ),
    "no role": (
        Principal(id="eve", tenant="default", roles=("analyst",)),
        "fine by me",
        "role_missing",
    ),
    "no roles": (
        Principal(id="eve", tenant="default", roles=()),
        "fine by me",
        "role_missing",
    ),
    "another tenant": (
        Principal(id="rolf", tenant="other", roles=("reviewer",)),
        "fine by me",
        "wrong_tenant",
    ),
    "no note": (REVIEWER, "", "note_missing"),
    "blank note": (REVIEWER, " \t\n ", "note_missing"),
    "short note": (REVIEWER, "ok", "note_missing"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("verdict", ["approved", "rejected"])
async def test_a_verdict_by_the_wrong_person_or_without_reason_is_refused(
    desk: Desk, case: str, verdict: Verdict
) -> None:
    """Not the requester, not from another tenant, not without the role, not without a note: it goes
    on waiting.
    """
    by, note, code = WRONG[case]
    approval = (await desk.waiting(await desk.start())).approval_id
    with pytest.raises(BadInput) as refused:
        await desk.decide(approval, verdict, by=by, note=note)

    assert refused.value.code == code
    assert await desk.state(approval) == "waiting"


async def test_what_was_not_shown_cannot_be_decided(desk: Desk) -> None:
    """A reviewer names the digest of what was shown; any other is refused."""
    approval = (await desk.waiting(await desk.start())).approval_id
    for shown in ("", "0" * 64):
        with pytest.raises(BadInput) as refused:
            await desk.world.approvals.decide(
                approval,
                reviewer=REVIEWER,
                verdict="approved",
                shown=shown,
                note="looks right",
            )
        assert refused.value.code == "evidence_changed"

    assert await desk.state(approval) == "waiting"


async def test_an_approval_that_is_not_there_cannot_be_decided(desk: Desk) -> None:
    """An id that nobody waits under is not found."""
    with pytest.raises(NotFound):
        await desk.decide("apr-000000000000")


async def test_of_two_verdicts_at_once_one_counts(desk: Desk) -> None:
    """Two reviewers who decide at the same moment: one wins, the other is told, and one verdict is
    recorded.
    """
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    other = Principal(id="rolf", tenant="default", roles=("reviewer",))
    results = await asyncio.gather(
        desk.decide(approval, "approved"),
        desk.decide(approval, "rejected", by=other),
        return_exceptions=True,
    )

    assert [type(each) for each in results if each is not None] == [BadInput]
    recorded = [
        each["state"]
        for each in await desk.world.entries()
        if each["event"] == "approval"
    ]
    assert recorded == [await desk.state(approval)]
    with pytest.raises(BadInput) as refused:
        await desk.decide(approval)
    assert refused.value.code == "decided_already"


async def test_two_processes_decide_once(
    tmp_path: Path, database_url: str, bundle: Bundle
) -> None:
    """On either database, of two processes that decide at the same moment one wins."""
    DONE.clear()
    point = EmbeddedPoint(bundle, deadline_s=2)
    async with (
        World(
            tmp_path / "home", tools=[approve_record], pdp=point, url=database_url
        ) as one,
        World(
            tmp_path / "home", tools=[approve_record], pdp=point, url=database_url
        ) as other,
    ):
        desks = Desk(one, FixedClock()), Desk(other, FixedClock())
        for number in range(5):
            run = await desks[0].start()
            approval = (await desks[0].waiting(run, call=f"{number}")).approval_id
            results = await asyncio.gather(
                *(each.decide(approval) for each in desks), return_exceptions=True
            )
            assert [type(each) for each in results if each is not None] == [BadInput]
        assert (await one.verify()).problems == []
    point.close()


async def test_the_reviewer_sees_the_whole_request(desk: Desk) -> None:
    """The evidence holds tool, class, every argument in full, who acts for whom, and under which
    policy.
    """
    run = await desk.start()
    approval = await desk.world.approvals.read(
        (await desk.waiting(run, note="agreed " * 5000)).approval_id
    )

    assert approval.evidence["arguments"] == {
        "document": "d1",
        "note": "agreed " * 5000,
    }
    assert approval.evidence["tool"] == "records.approve"
    assert approval.evidence["class"] == "irreversible"
    assert (approval.evidence["agent"], approval.evidence["on_behalf_of"]) == (
        "agent:test",
        "ana",
    )
    assert approval.evidence["revision"] == run.revision
