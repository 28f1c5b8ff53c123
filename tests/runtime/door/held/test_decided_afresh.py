"""Which decisions of a held run stand, and which are taken anew once the engine is back."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.door.held.outage import Outage, Planned, again, approve, states

from interlock.runtime.door.outcome import Done
from interlock.runtime.door.tool import tool
from interlock.runtime.policy.decision import Decision, Denied, Permit
from interlock.runtime.policy.request import AccessRequest, Resource
from interlock.runtime.testing import Effects, Note, StaticPoint, World


async def test_within_its_claim_the_refusal_of_an_outage_stands(
    world: World, pdp: Outage, effects: Effects
) -> None:
    """The claim that met the outage is told so again, also when the engine is back; the next one is
    decided afresh.
    """
    run = await world.start()
    given: dict[str, Any] = {
        "tool": "note.write",
        "arguments": {"text": "a"},
        "call_id": "1",
    }
    pdp.down = frozenset({"note.write"})
    first = await world.pep.enforce(run, **given)
    pdp.down = frozenset()
    same, later = (
        await world.pep.enforce(run, **given),
        await world.pep.enforce(await world.reclaim(run), **given),
    )

    assert isinstance(first, Denied)
    assert isinstance(same, Denied)
    assert first.codes == same.codes == ("pdp_unavailable",)
    assert isinstance(later, Done)
    assert effects.done == ["a"]


@pytest.mark.parametrize("tool_name", ["note.never", "no.such.tool"])
async def test_a_refusal_by_a_rule_is_not_decided_afresh(
    world: World, pdp: Outage, tool_name: str
) -> None:
    """What a rule refused stays refused in every later claim, without another question."""
    run = await world.start()
    given: dict[str, Any] = {
        "tool": tool_name,
        "arguments": {"text": "a"},
        "call_id": "1",
    }
    assert isinstance(await world.pep.enforce(run, **given), Denied)
    asked = len(pdp.asked)
    later = await world.pep.enforce(await world.reclaim(run), **given)
    await world.store.durable(run.claim)

    assert isinstance(later, Denied)
    assert later.codes == ("not_granted",)
    assert len(pdp.asked) == asked
    assert (await world.runs.read(run.id)).refusals == 1


async def test_a_verdict_outlives_an_outage(
    world: World, pdp: Outage, effects: Effects
) -> None:
    """An approved action that met an outage is done later under the same verdict, and nobody is
    asked twice.
    """
    agent, run = Planned(("note.wait",)), await world.start()
    (approval,) = (await world.driver.drive(run, agent)).waiting
    await approve(world, approval)
    pdp.down = frozenset({"note.wait"})
    assert (await again(world, run, agent)).status == "held"
    assert effects.done == []
    pdp.down = frozenset()

    assert (await again(world, run, agent)).status == "done"
    assert effects.done == ["0-0"]
    assert [each.state for each in await world.approvals.list()] == ["used"]


async def test_an_outage_does_not_make_an_interrupted_effect_unknown(
    tmp_path: Path, pdp: Outage
) -> None:
    """What a dead claim left open and may be repeated stays open while the engine fails, and is
    done once it is back.
    """
    keys: list[str] = []

    @tool(
        "note.once",
        action="write",
        resource=lambda a: Resource(type="note", id=""),
        idempotent=True,
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        keys.append(permit.key)
        if len(keys) == 1:
            raise asyncio.CancelledError
        return arguments

    async with World(tmp_path, tools=[act], pdp=pdp) as world:
        run = await world.start()
        given: dict[str, Any] = {
            "tool": "note.once",
            "arguments": {"text": "a"},
            "call_id": "1",
        }
        with pytest.raises(asyncio.CancelledError):
            await world.pep.enforce(run, **given)
        pdp.down = frozenset({"note.once"})
        run = await world.reclaim(run)
        refused = await world.pep.enforce(run, **given)
        await world.store.durable(run.claim)
        open_still = await states(world)
        pdp.down = frozenset()
        run = await world.reclaim(run)
        done = await world.pep.enforce(run, **given)
        await world.store.durable(run.claim)
        assert (await world.verify()).problems == []
        events = [
            (each["event"], each["effect"])
            for each in await world.entries()
            if "action" in each
        ]

    assert isinstance(refused, Denied)
    assert open_still == {"note.once": ["started"]}
    assert isinstance(done, Done)
    assert len(set(keys)) == 1
    assert events == [
        ("intent", "permit"),
        ("decision", "deny"),
        ("intent", "permit"),
        ("outcome", "permit"),
    ]


async def test_an_action_decided_afresh_is_decided_once(
    tmp_path: Path, effects: Effects
) -> None:
    """Of two doors onto one claim that both decide afresh, the one that comes late does not get
    past the other's no.
    """

    class Late(StaticPoint):
        async def decide(self, request: AccessRequest) -> Decision:
            decision = await super().decide(request)
            first = await one.pep.enforce(later, **given)  # which is refused, by a rule
            assert isinstance(first, Denied)
            await one.store.durable(later.claim)
            return decision

    tools, point = [effects.tool("note.write")], Outage(down=frozenset({"note.write"}))
    given: dict[str, Any] = {
        "tool": "note.write",
        "arguments": {"text": "a"},
        "call_id": "1",
    }
    async with (
        World(tmp_path, tools=tools, pdp=point) as one,
        World(
            tmp_path, tools=tools, pdp=Late(effects={"note.write": "permit"})
        ) as other,
    ):
        run = await one.start()
        await one.pep.enforce(run, **given)
        await one.store.durable(run.claim)
        later, point.down = await other.reclaim(run), frozenset()
        await other.pep.enforce(later, **given)

        assert effects.done == []
        assert await states(one) == {"note.write": ["denied"]}
        assert (await one.verify()).problems == []
