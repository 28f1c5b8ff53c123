"""One call acts once: repeated, many times at once, and through two doors."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.door.enforcement.notes import durable

from interlock.runtime.door.outcome import Done
from interlock.runtime.errors import GuardFailed
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.request import Amounts
from interlock.runtime.testing import Effects, World


@pytest.mark.parametrize("name", ["note.write", "note.pure", "note.once", "web.read"])
async def test_a_call_that_is_repeated_is_answered_from_the_record(
    world: World, effects: Effects, name: str
) -> None:
    """The same run, call and arguments give the recorded result, and act no second time, even after
    another claim.
    """
    run = await world.start()
    first = await world.pep.enforce(
        run, tool=name, arguments={"text": "a"}, call_id="1"
    )
    again = await world.pep.enforce(
        run, tool=name, arguments={"text": "a"}, call_id="1"
    )
    later = await world.pep.enforce(
        await world.reclaim(run), tool=name, arguments={"text": "a"}, call_id="1"
    )

    assert first == again == later
    assert effects.done == ["a"]
    assert (await world.verify()).problems == []


@pytest.mark.parametrize(
    "change", [{"call_id": "2"}, {"arguments": {"text": "a "}}, {"tool": "note.once"}]
)
async def test_another_call_is_another_action(
    world: World, effects: Effects, change: dict[str, Any]
) -> None:
    """The call id, every byte of the arguments and the tool are part of an action's identity."""
    run = await world.start()
    given: dict[str, Any] = {
        "tool": "note.write",
        "arguments": {"text": "a"},
        "call_id": "1",
    }
    await world.pep.enforce(run, **given)
    await world.pep.enforce(run, **given | change)

    assert len(effects.done) == 2


@pytest.mark.parametrize("name", ["note.write", "note.pure", "note.once", "web.read"])
async def test_a_call_made_many_times_at_once_acts_once(
    world: World, effects: Effects, name: str
) -> None:
    """Of many simultaneous enforcements of one call one acts, all get its result, and the ledger
    stays valid.
    """
    run = await world.start()
    outcomes = await asyncio.gather(
        *(
            world.pep.enforce(run, tool=name, arguments={"text": "a"}, call_id="1")
            for _ in range(16)
        )
    )
    await durable(world, run)

    assert effects.done == ["a"]
    assert all(isinstance(each, Done) for each in outcomes)
    assert (await world.verify()).problems == []
    assert (await world.budget(run)).reserved == Amounts()


async def test_two_doors_onto_one_run_act_once(
    tmp_path: Path, effects: Effects
) -> None:
    """Two enforcement points, as two processes have them, never both act for one call; the record
    keeps the effect.
    """
    tools = [effects.tool("note.write")]
    async with (
        World(tmp_path, tools=tools) as world,
        World(tmp_path, tools=tools) as other,
    ):
        run = await world.start()
        await other.runs.read(run.id)
        outcomes = await asyncio.gather(
            *(
                each.pep.enforce(
                    run, tool="note.write", arguments={"text": "a"}, call_id="1"
                )
                for each in [world, other] * 4
            )
        )
        await durable(world, run)
        await durable(other, run)
        again = await world.pep.enforce(
            run, tool="note.write", arguments={"text": "a"}, call_id="1"
        )

        assert effects.done == ["a"]
        assert not any(isinstance(each, Denied) for each in outcomes)
        assert isinstance(again, Done)
        assert (await world.verify()).problems == []
        assert (await world.budget(run)).reserved == Amounts()


async def test_two_doors_record_one_step(tmp_path: Path, effects: Effects) -> None:
    """Two enforcement points that look at the same thing at once record it once; the other is told
    that it came late.
    """
    tools = [effects.tool("note.pure", "pure")]
    async with (
        World(tmp_path, tools=tools) as world,
        World(tmp_path, tools=tools) as other,
    ):
        run = await world.start()
        await other.runs.read(run.id)
        doors = [world, other]
        await asyncio.gather(
            *(
                each.pep.enforce(
                    run, tool="note.pure", arguments={"text": "a"}, call_id="1"
                )
                for each in doors
            )
        )
        results = await asyncio.gather(
            *(each.store.durable(run.claim) for each in doors), return_exceptions=True
        )

        assert all(each is None or isinstance(each, GuardFailed) for each in results)
        assert [each["event"] for each in await world.entries()].count("step") == 1
        assert (await world.verify()).problems == []
