"""An approved effect that was interrupted goes on under its verdict while that stands."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.runtime.run.approval.filing import TTL_S, Desk, Filed, Verdicts

from interlock.runtime.door.outcome import Done, Unknown
from interlock.runtime.door.tool import tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.request import Resource
from interlock.runtime.record.store import tables
from interlock.runtime.testing import FixedClock, World


async def test_an_approved_effect_that_was_interrupted_goes_on_under_its_verdict(
    tmp_path: Path, bundle: Bundle
) -> None:
    """Going on with an idempotent action after a crash is no second use of its approval, and asks
    nobody again.
    """
    keys: list[str] = []

    @tool(
        "records.approve",
        action="irreversible",
        idempotent=True,
        resource=lambda a: Resource(type="record", id=a.document),
    )
    async def interrupted(permit: Permit, arguments: Verdicts) -> Filed:
        """Act as the test says."""
        keys.append(permit.key)
        if len(keys) == 1:
            raise asyncio.CancelledError
        return Filed(note=arguments.note)

    point = EmbeddedPoint(bundle, deadline_s=2)
    async with World(tmp_path, tools=[interrupted], pdp=point) as world:
        desk = Desk(world, FixedClock())
        run = await desk.start()
        await desk.decide((await desk.waiting(run)).approval_id)
        with pytest.raises(asyncio.CancelledError):
            await desk.propose(run)
        outcome = await desk.propose(await world.reclaim(run))
        await world.store.durable(run.claim)
        assert (await world.verify()).problems == []
        asked = await world.store.read(
            lambda connection: len(
                connection.execute(select(tables.approval.c.id)).all()
            )
        )
    point.close()

    assert isinstance(outcome, Done)
    assert len(set(keys)) == 1
    assert asked == 1


async def test_an_interrupted_effect_whose_verdict_has_lapsed_is_unknown(
    tmp_path: Path, bundle: Bundle
) -> None:
    """When the policy wants a person again for something that may have happened, it is unknown: a
    person must look.
    """

    @tool(
        "records.approve",
        action="irreversible",
        idempotent=True,
        resource=lambda a: Resource(type="record", id=a.document),
    )
    async def interrupted(permit: Permit, arguments: Verdicts) -> Filed:
        """Act as the test says."""
        raise asyncio.CancelledError

    clock, point = FixedClock(), EmbeddedPoint(bundle, deadline_s=2)
    async with World(tmp_path, tools=[interrupted], pdp=point, clock=clock) as world:
        desk = Desk(world, clock)
        run = await desk.start()
        await desk.decide((await desk.waiting(run)).approval_id)
        with pytest.raises(asyncio.CancelledError):
            await desk.propose(run)
        clock.advance(TTL_S)
        outcome = await desk.propose(await world.reclaim(run))
        await world.store.durable(run.claim)
        assert (await world.verify()).problems == []
    point.close()

    assert isinstance(outcome, Unknown)
