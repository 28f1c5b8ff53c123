"""Wall time: an effect has its whole deadline or does not begin, and no limit is passed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.outcome import Done
from interlock.runtime.door.tool import AnyTool, tool
from interlock.runtime.policy.decision import Denied, Permit
from interlock.runtime.policy.request import ActionClass, Amounts, Resource
from interlock.runtime.run.run import Run
from interlock.runtime.testing import Note, World

_NO_LIMIT = {"money_micro": 0, "tokens": 0, "steps": 10**6, "effects": 10**6}


def slow(
    name: str,
    action: ActionClass,
    *,
    takes_s: float,
    deadline_s: float,
    begun: list[str],
    entered: asyncio.Event | None = None,
    **options: Any,
) -> AnyTool:
    """Return a tool that takes its time."""

    @tool(
        name,
        action=action,
        resource=lambda _: Resource(type="note", id=""),
        deadline_s=deadline_s,
        **options,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Take some time."""
        begun.append(arguments.text)
        if entered is not None:
            entered.set()
        await asyncio.sleep(takes_s)
        return arguments

    return act


async def propose(world: World, run: Run, name: str, call: str = "1") -> object:
    return await world.pep.enforce(
        run, tool=name, arguments={"text": call}, call_id=call
    )


async def test_an_effect_begins_only_with_its_whole_deadline_left(
    tmp_path: Path,
) -> None:
    """What a look took away is missing: the effect is denied for lack of time, and not begun."""
    begun: list[str] = []
    look = slow("look", "read", takes_s=0.2, deadline_s=5, begun=[])
    send = slow("send", "irreversible", takes_s=0, deadline_s=1, begun=begun)
    async with World(tmp_path, tools=[look, send]) as world:
        run = await world.start(limits=Amounts(**_NO_LIMIT, wall_ms=1_100))
        assert isinstance(await propose(world, run, "look"), Done)
        outcome = await propose(world, run, "send")

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("no_time",)
    assert begun == []


async def test_what_an_effect_has_set_aside_nobody_takes_away(tmp_path: Path) -> None:
    """While an effect is under way its deadline is reserved; a look gets none of that time."""
    entered = asyncio.Event()
    send = slow(
        "send",
        "irreversible",
        takes_s=0.3,
        deadline_s=1,
        begun=[],
        entered=entered,
    )
    begun: list[str] = []
    look = slow("look", "read", takes_s=0, deadline_s=5, begun=begun)
    async with World(tmp_path, tools=[look, send]) as world:
        run = await world.start(limits=Amounts(**_NO_LIMIT, wall_ms=1_000))
        acting = asyncio.create_task(propose(world, run, "send"))
        await entered.wait()
        looked = await propose(world, run, "look")
        done = await acting
        spent = (await world.budget(run)).spent.wall_ms

    assert isinstance(looked, Denied)
    assert looked.codes == ("no_time",)
    assert begun == []
    assert isinstance(done, Done)
    assert 300 <= spent <= 1_000


@pytest.mark.parametrize("action", ["read", "irreversible"])
async def test_many_at_once_never_pass_the_limit(
    tmp_path: Path, action: ActionClass
) -> None:
    """A hundred that take their time at once spend what there is, and not a millisecond more."""
    spend = slow("spend", action, takes_s=0.15, deadline_s=0.5, begun=[])
    async with World(tmp_path, tools=[spend]) as world:
        run = await world.start(limits=Amounts(**_NO_LIMIT, wall_ms=3_000))
        calls = (propose(world, run, "spend", f"{call}") for call in range(100))
        await asyncio.gather(*calls, return_exceptions=True)
        facts = await world.budget(run)

    assert 0 < facts.spent.wall_ms <= 3_000
    assert facts.reserved.wall_ms == 0


async def test_what_an_effect_used_beyond_its_estimate_stays_within_the_limit(
    tmp_path: Path,
) -> None:
    """A tool that understates its cost is charged what it used as far as the limit allows; the
    entry says what was beyond that.
    """
    begun: list[str] = []
    pay = slow(
        "pay",
        "irreversible",
        takes_s=0,
        deadline_s=1,
        begun=begun,
        cost=lambda _: Amounts(steps=1, effects=1, money_micro=10),
        actual=lambda _: Amounts(steps=1, effects=1, money_micro=40),
    )
    async with World(tmp_path, tools=[pay]) as world:
        limits = Amounts(money_micro=100, steps=9, effects=9, wall_ms=60_000)
        run = await world.start(limits=limits)
        for call in "abcd":
            await propose(world, run, "pay", call)
        spent = (await world.budget(run)).spent.money_micro
        overrun = [entry.get("overrun") for entry in await world.entries()]
        assert (await world.verify()).problems == []

    assert (spent, begun) == (100, ["a", "b", "c"])
    assert [amounts for amounts in overrun if amounts] == [{"money_micro": 20}]
