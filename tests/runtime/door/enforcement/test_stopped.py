"""A run that was taken over, cancelled or stopped acts no more."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.runtime.door.enforcement.notes import durable, events

from interlock.runtime.door.tool import tool
from interlock.runtime.errors import Fenced
from interlock.runtime.policy.decision import Decision, Denied, Permit
from interlock.runtime.policy.request import AccessRequest, Amounts, Resource
from interlock.runtime.record.store import tables
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.testing import Effects, Note, StaticPoint, World


async def test_a_fenced_claim_does_nothing(world: World, effects: Effects) -> None:
    """Whoever holds an old claim of a run is refused before any effect."""
    old = await world.start()
    await world.reclaim(old)
    with pytest.raises(Fenced):
        await world.pep.enforce(
            old, tool="note.write", arguments={"text": "a"}, call_id="1"
        )

    assert effects.done == []


async def test_a_cancelled_run_does_nothing_more(
    world: World, effects: Effects
) -> None:
    """Cancelling moves the fence: the worker that was at it can act no more, and nothing stays
    reserved.
    """
    run = await world.start()
    await world.runs.cancel(run.id, by="ana")
    with pytest.raises(Fenced):
        await world.pep.enforce(
            run, tool="note.write", arguments={"text": "a"}, call_id="1"
        )

    assert effects.done == []


@pytest.mark.parametrize(
    "options", [{}, {"idempotent": True}], ids=["once", "idempotent"]
)
async def test_what_is_in_flight_when_its_run_is_cancelled_is_unknown(
    tmp_path: Path, database_url: str, options: dict[str, Any]
) -> None:
    """An effect under way when its run is cancelled is shown as unknown, recorded, and charged what
    it was to cost; what its worker says afterwards stands beside that.
    """

    @tool(
        "send",
        action="irreversible",
        resource=lambda a: Resource(type="mail", id=""),
        **options,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        await here.runs.cancel(permit.run_id, by="ana")
        return arguments

    async with World(tmp_path / "home", tools=[act], url=database_url) as here:
        run = await here.start()
        await here.pep.enforce(run, tool="send", arguments={"text": "a"}, call_id="1")
        with pytest.raises(Fenced):  # what it says afterwards comes too late
            await durable(here, run)
        (found,) = await here.store.read(
            lambda connection: (
                connection.execute(select(tables.action.c.state)).scalars().all()
            )
        )
        spend = await here.budget(run)

        assert found == "unknown"
        assert await events(here) == [
            ("intent", "started"),
            ("outcome", "unknown"),
            ("late_outcome", "done"),
        ]
        assert (spend.spent.effects, spend.reserved) == (1, Amounts())
        assert (await here.verify()).problems == []


async def test_a_kill_switch_engaged_after_the_decision_still_stops_the_effect(
    tmp_path: Path, effects: Effects
) -> None:
    """The intent is refused when a switch was engaged between the policy's answer and the
    record.
    """

    class Late(StaticPoint):
        async def decide(self, request: AccessRequest) -> Decision:
            decision = await super().decide(request)
            await KillSwitches(here.store).engage("tool", "note.write", by="ana")
            return decision

    async with World(
        tmp_path,
        tools=[effects.tool("note.write")],
        pdp=Late(effects={"note.write": "permit"}),
    ) as here:
        run = await here.start()
        outcome = await here.pep.enforce(
            run, tool="note.write", arguments={"text": "a"}, call_id="1"
        )
        await durable(here, run)

        assert isinstance(outcome, Denied)
        assert outcome.codes == ("killed",)
        assert effects.done == []
        assert (await here.verify()).problems == []
