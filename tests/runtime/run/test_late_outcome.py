"""Late outcomes: an action is settled when nobody is at work on it; what comes later is kept."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from interlock.runtime.door.outcome import Unknown
from interlock.runtime.door.tool import AnyTool, tool
from interlock.runtime.errors import BadInput, Fenced
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.runtime.record import state
from interlock.runtime.record.store import tables
from interlock.runtime.run.recorded_action import RecordedAction, of_run
from interlock.runtime.run.run import LEASE_S, Run
from interlock.runtime.testing import REVIEWER, FixedClock, Note, World

_DEADLINE_S = 5


@dataclass(kw_only=True)
class Slow:
    """A tool whose one effect takes as long as the test says."""

    acted: list[str] = field(default_factory=list)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False

    def tool(self) -> AnyTool:
        """Return the tool."""

        @tool(
            "send",
            action="irreversible",
            resource=lambda _: Resource(type="mail", id=""),
            deadline_s=_DEADLINE_S,
        )
        async def act(permit: Permit, arguments: Note) -> Note:
            """Send, when the test lets it."""
            self.entered.set()
            await self.go.wait()
            if self.fails:
                raise ConnectionResetError("reset")
            self.acted.append(arguments.text)
            return arguments

        return act


async def propose(world: World, run: Run) -> object:
    return await world.pep.enforce(
        run, tool="send", arguments={"text": "x"}, call_id="1"
    )


async def recorded(world: World, run: Run) -> RecordedAction:
    """Return the run's only action."""
    key = world.vault.known(run.id)
    (action,) = await world.store.read(
        lambda connection: of_run(connection, run.id, key)
    )
    return action


async def resolve(world: World, run: Run, *, happened: bool) -> None:
    action = await recorded(world, run)
    await world.runs.resolve(
        run.id, action.id, person=REVIEWER, happened=happened, note="no trace of it"
    )


async def agrees(world: World) -> None:
    """Check that the ledger is valid and the tables are what it says."""
    assert (await world.verify()).problems == []
    assert await state.differences(world.store, world.vault) == []


@pytest.mark.parametrize(("fails", "reported"), [(False, "done"), (True, "unknown")])
async def test_what_is_under_way_is_settled_when_its_worker_said_how_it_ended(
    tmp_path: Path, database_url: str, fails: bool, reported: str
) -> None:
    """A cancelled run's effect cannot be settled while it is under way; the late outcome is
    recorded, told to nobody as done, and then a person may settle it.
    """
    slow = Slow(fails=fails)
    async with World(tmp_path, tools=[slow.tool()], url=database_url) as world:
        run = await world.start()
        acting = asyncio.create_task(propose(world, run))
        await slow.entered.wait()
        await world.runs.cancel(run.id, by="ana")
        with pytest.raises(BadInput) as refused:
            await resolve(world, run, happened=False)
        slow.go.set()
        await acting
        with pytest.raises(Fenced):
            await world.store.durable(run.claim)
        action = await recorded(world, run)
        entries = await world.entries()
        await resolve(world, run, happened=not fails)

        assert refused.value.code == "may_still_act"
        assert (action.state, action.late, action.until) == ("unknown", reported, 0)
        assert [one["event"] for one in entries[-2:]] == ["run_ended", "late_outcome"]
        assert entries[-1]["state"] == reported
        assert (await recorded(world, run)).state == ("failed" if fails else "done")
        await agrees(world)


async def test_after_deadline_and_lease_it_is_settled_and_the_contradiction_is_kept(
    tmp_path: Path,
) -> None:
    """When nobody can be at work by the database's clock a person settles; a worker that acted all
    the same leaves a late outcome beside the finding.
    """
    slow, clock = Slow(), FixedClock()
    async with World(tmp_path, tools=[slow.tool()], clock=clock) as world:
        run = await world.start()
        acting = asyncio.create_task(propose(world, run))
        await slow.entered.wait()
        await world.runs.cancel(run.id, by="ana")
        codes = []
        for seconds in (0, _DEADLINE_S + 2):
            clock.advance(seconds)
            with pytest.raises(BadInput) as refused:
                await resolve(world, run, happened=False)
            codes.append(refused.value.code)
        clock.advance(LEASE_S)
        await resolve(world, run, happened=False)
        slow.go.set()
        await acting
        with pytest.raises(Fenced):
            await world.store.durable(run.claim)
        action = await recorded(world, run)

        assert codes == ["may_still_act", "may_still_act"]
        assert (slow.acted, action.state, action.late) == (["x"], "failed", "done")
        await agrees(world)


@pytest.mark.parametrize("gone", [True, False])
async def test_a_later_claim_knows_whether_the_one_before_is_gone(
    tmp_path: Path, gone: bool
) -> None:
    """What a claim that is at an end began is settled at once; what one began whose lease is over
    only after the deadline.
    """
    slow, clock = Slow(), FixedClock()
    async with World(tmp_path, tools=[slow.tool()], clock=clock) as world:
        run = await world.start()
        acting = asyncio.create_task(propose(world, run))
        await slow.entered.wait()
        await world.store.write(
            lambda tx: tx.connection.execute(update(tables.run).values(lease_until=0))
        )
        if gone:
            world.runs.give_back(run)
        fresh: Any = await world.runs.claim(run.id)
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)
        outcome = await propose(world, fresh)
        await world.store.durable(fresh.claim)
        early = await _refusal(world, run)
        clock.advance(_DEADLINE_S + 2)
        late = await _refusal(world, run)

        assert isinstance(outcome, Unknown)
        assert early == (None if gone else "may_still_act")
        assert late == ("wrong_state" if gone else None)
        await agrees(world)


async def _refusal(world: World, run: Run) -> str | None:
    try:
        await resolve(world, run, happened=False)
    except BadInput as error:
        return error.code
    return None
