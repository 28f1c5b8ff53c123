"""A verdict binds to exactly one request, is used once, and the policy is asked again."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.runtime.run.approval.filing import DONE, Desk, approve_record

from interlock.runtime.door.outcome import Done, Waiting
from interlock.runtime.errors import AnotherPolicy
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.testing import FixedClock, World


async def test_nothing_happens_until_a_person_agrees(desk: Desk) -> None:
    """The action waits, also when it is proposed again; once approved it is done, once."""
    run = await desk.start()
    first, again = await desk.waiting(run), await desk.waiting(run)
    assert first.approval_id == again.approval_id
    assert DONE == []

    await desk.decide(first.approval_id)
    assert DONE == []  # a verdict alone does nothing

    outcomes = [await desk.propose(run) for _ in range(3)]
    assert all(isinstance(each, Done) for each in outcomes)
    assert DONE == ["agreed"]
    assert await desk.state(first.approval_id) == "used"


async def test_a_rejection_is_a_deny(desk: Desk) -> None:
    """A rejected action is denied, and stays so."""
    run = await desk.start()
    await desk.decide((await desk.waiting(run)).approval_id, "rejected")
    outcome = await desk.propose(run)

    assert isinstance(outcome, Denied)
    assert "approval_rejected" in outcome.codes
    assert isinstance(await desk.propose(run), Denied)
    assert DONE == []


@pytest.mark.parametrize("note", ["agreed ", "Agreed", "agree", "", "agreed\u200b"])
async def test_a_verdict_is_bound_to_every_byte(desk: Desk, note: str) -> None:
    """One byte changed after the approval, and the changed request waits for a verdict of
    its own.
    """
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    await desk.decide(approval)
    other = await desk.waiting(run, note=note)

    assert other.approval_id != approval
    assert DONE == []


async def test_a_verdict_serves_one_action(desk: Desk) -> None:
    """The same request proposed as another call waits anew, before and after the first was used."""
    run = await desk.start()
    approval = (await desk.waiting(run, call="1")).approval_id
    await desk.decide(approval)
    before = await desk.waiting(run, call="2")
    assert isinstance(await desk.propose(run, call="1"), Done)
    after = await desk.waiting(run, call="3")

    assert len({approval, before.approval_id, after.approval_id}) == 3
    assert DONE == ["agreed"]


async def test_a_verdict_serves_one_run(desk: Desk) -> None:
    """The same request of another run waits anew."""
    first, second = await desk.start(), await desk.start()
    await desk.decide((await desk.waiting(first)).approval_id)

    assert isinstance(await desk.propose(second), Waiting)
    assert DONE == []


async def test_a_used_verdict_cannot_be_used_again(desk: Desk) -> None:
    """Two actions that are bound by hand to one approval: the second finds it spent."""
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    await desk.decide(approval)
    assert isinstance(await desk.propose(run), Done)
    await desk.world.store.durable(run.claim)
    with (
        closing(
            sqlite3.connect(str(desk.world.store.engine.url.database))
        ) as connection,
        connection,
    ):
        connection.execute("DELETE FROM action")

    assert isinstance(await desk.propose(run), Waiting)
    assert DONE == ["agreed"]


async def test_a_verdict_under_another_revision_does_not_count(
    tmp_path: Path, bundle: Bundle
) -> None:
    """When the policy has changed since, the approval is not counted: the request is not permitted
    by it.
    """
    DONE.clear()
    data = {
        **bundle.data,
        "rails": {**bundle.data["rails"], "build": {"revision": "f" * 64}},
    }
    old, new = (
        EmbeddedPoint(bundle, deadline_s=2),
        EmbeddedPoint(replace(bundle, revision="f" * 64, data=data), deadline_s=2),
    )
    async with World(tmp_path, tools=[approve_record], pdp=old) as world:
        desk = Desk(world, FixedClock())
        run = await desk.start()
        approval = (await desk.waiting(run)).approval_id
        await desk.decide(approval)
    async with World(tmp_path, tools=[approve_record], pdp=new) as world:
        run = await world.reclaim(run)
        with pytest.raises(AnotherPolicy):  # a run stays under the revision it has
            await Desk(world, FixedClock()).propose(run, call="2")
        moved = await Desk(world, FixedClock()).propose(replace(run, revision="f" * 64))
    old.close()
    new.close()

    assert isinstance(
        moved, Waiting
    )  # and even a run that moved along needs a new verdict
    assert moved.approval_id != approval
    assert DONE == []


async def test_the_policy_is_asked_again_after_the_verdict(desk: Desk) -> None:
    """An approval permits nothing by itself: a kill switch engaged since then denies the approved
    action.
    """
    run = await desk.start()
    await desk.decide((await desk.waiting(run)).approval_id)
    await KillSwitches(desk.world.store).engage("all", "", by="ana")
    outcome = await desk.propose(run)

    assert isinstance(outcome, Denied)
    assert "killed" in outcome.codes
    assert DONE == []
