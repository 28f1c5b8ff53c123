"""A request and a verdict end: by time, and with their run."""

from typing import Literal

import pytest
from sqlalchemy import select
from tests.runtime.run.approval.filing import DONE, TTL_S, Desk

from interlock.runtime.door.outcome import Done, Expired, Waiting
from interlock.runtime.errors import BadInput
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.state import differences
from interlock.runtime.record.store import tables


async def events(desk: Desk) -> list[str]:
    bodies = select(tables.ledger_entry.c.body).order_by(tables.ledger_entry.c.seq)
    rows = await desk.world.store.read(lambda c: c.execute(bodies).scalars().all())
    return [body_of(row)["event"] for row in rows]


async def test_a_request_that_nobody_answers_expires(desk: Desk) -> None:
    """After its time is up nobody can decide it: that is no refusal, is recorded once by whoever
    looks first, and the agent may ask again.
    """
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    desk.clock.advance(TTL_S - 1)
    assert isinstance(await desk.propose(run), Waiting)
    desk.clock.advance(1)

    assert await desk.state(approval) == "expired"
    with pytest.raises(BadInput) as refused:
        await desk.decide(approval)
    assert refused.value.code == "expired"
    for _ in range(2):
        outcome = await desk.propose(run)
        assert isinstance(outcome, Expired), outcome
        assert outcome.approval_id == approval
        await desk.world.store.durable(run.claim)
    await desk.world.approvals.expire([approval], tenant="default")
    assert (await events(desk)).count("approval_expired") == 1
    refusals = select(tables.run.c.refusals).where(tables.run.c.id == run.id)
    assert await desk.world.store.read(lambda c: c.execute(refusals).scalar_one()) == 0
    assert await desk.world.approvals.list(state="expired")
    assert (await desk.waiting(run, call="again")).approval_id != approval
    assert DONE == []


async def test_a_verdict_expires_too(desk: Desk) -> None:
    """A verdict given in time but used too late does not count: it is withdrawn, and the request
    waits again.
    """
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    await desk.decide(approval)
    desk.clock.advance(TTL_S)
    outcome = await desk.waiting(run)

    assert outcome.approval_id != approval
    assert DONE == []
    assert await desk.state(approval) == "withdrawn"
    assert await differences(desk.world.store, desk.world.vault) == []
    await desk.decide(outcome.approval_id)
    assert isinstance(await desk.propose(run), Done)


async def test_cancelling_withdraws_what_waits(desk: Desk) -> None:
    """A cancelled run's requests can no longer be decided."""
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    await desk.world.runs.cancel(run.id, by="ana")

    assert await desk.state(approval) == "withdrawn"
    with pytest.raises(BadInput) as refused:
        await desk.decide(approval)
    assert refused.value.code == "not_waiting"


@pytest.mark.parametrize("status", ["done", "failed"])
async def test_the_end_of_a_run_withdraws_what_waits(
    desk: Desk, status: Literal["done", "failed"]
) -> None:
    """Nobody is asked for a verdict that could lead to nothing, and the ledger says why."""
    run = await desk.start()
    approval = (await desk.waiting(run)).approval_id
    await desk.world.runs.end(run, status, {})

    assert await desk.state(approval) == "withdrawn"
    with pytest.raises(BadInput) as refused:
        await desk.decide(approval)
    assert refused.value.code == "not_waiting"
    assert await differences(desk.world.store, desk.world.vault) == []
