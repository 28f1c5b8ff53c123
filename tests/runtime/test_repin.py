"""A run under another policy: it waits until a person pins it anew, and is then decided anew."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolCall
from langgraph.graph import START, MessagesState, StateGraph

from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import Tool
from interlock.runtime.errors import AnotherHome, AnotherPolicy, BadInput
from interlock.runtime.graph.agent import Graph
from interlock.runtime.graph.node import ToolNode
from interlock.runtime.policy.request import Principal, Verdict
from interlock.runtime.record import state
from interlock.runtime.run.difference import EvidenceChanged
from interlock.runtime.run.run import Run
from interlock.runtime.testing import (
    REVIEWER,
    REVISION,
    Effects,
    Note,
    StaticPoint,
    World,
)

ANN = Principal(id="ann", tenant="default", roles=("analyst",))
NEWER = "1" * 64


@dataclass(frozen=True, kw_only=True)
class Errand:
    """An agent of one step: it says its text to one tool, and waits where it must."""

    tools: tuple[Tool[Any, Any], ...]
    name: str = "errand"
    role: str = "runner"
    request: type[Note] = Note

    def build(self, door: Door) -> Graph:
        """Return a graph of one call."""

        async def act(state: MessagesState) -> dict[str, Any]:
            call = ToolCall(
                type="tool_call", name="note.write", args={"text": "hello"}, id="one"
            )
            return await ToolNode(door, tools=["note.write"]).act(call)

        graph: Graph = StateGraph(MessagesState)
        graph.add_node("act", act)
        graph.add_edge(START, "act")
        return graph

    def outcome(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return nothing."""
        return {}


@pytest.fixture
def effects() -> Effects:
    """What was done."""
    return Effects()


@pytest.fixture
async def world(tmp_path: Path, effects: Effects) -> AsyncIterator[World]:
    """A world whose agent waits for a person, whose record must be whole at the end."""
    point = StaticPoint(
        effects={"note.write": "permit"}, waiting=frozenset({"note.write"})
    )
    agent = Errand(tools=(effects.tool("note.write"),))
    async with World(tmp_path, agents=[agent], pdp=point) as world:
        yield world
        assert (await world.verify()).problems == []
        assert await state.differences(world.store, world.vault) == []


async def waits(world: World) -> tuple[Run, str]:
    """Return a run that waits for a person, and the approval."""
    run = await world.runtime.start("errand", {"text": ""}, principal=ANN)
    ended = await world.runtime.drive(run)
    (approval,) = ended.waiting
    return run, approval


async def decide(world: World, approval: str, verdict: Verdict) -> None:
    """Give a verdict on what is shown."""
    shown = (await world.approvals.read(approval)).evidence_digest
    await world.runtime.decide(
        approval, person=REVIEWER, verdict=verdict, shown=shown, note="looked at"
    )


async def upgraded(world: World) -> None:
    """Put another policy in force."""
    assert isinstance(world.pdp, StaticPoint)
    world.pdp.revision = NEWER
    await world.runtime.policy.activate()


async def refused(attempt: Any) -> BadInput:
    """Return why *attempt* was refused."""
    with pytest.raises(BadInput) as refusal:
        await attempt
    return refusal.value


async def test_a_policy_upgrade_ends_no_run(world: World, effects: Effects) -> None:
    """Resuming under another policy is refused by name; the run waits on, as it was."""
    run, approval = await waits(world)
    await upgraded(world)
    before = await world.entries()
    with pytest.raises(AnotherPolicy) as refusal:
        await world.runtime.resume(run.id)

    assert refusal.value.code == "another_policy"
    assert (refusal.value.pinned, refusal.value.in_force) == (REVISION, NEWER)
    assert (await world.runs.read(run.id)).status == "waiting"
    assert (await world.approvals.read(approval)).state == "waiting"
    assert await world.entries() == before
    assert effects.done == []


async def test_no_verdict_is_spent_under_another_policy(world: World) -> None:
    """A verdict on what was asked under another policy would bind nobody, so it is refused."""
    assert isinstance(world.pdp, StaticPoint)
    world.pdp.effects = {"note.write": "permit", "approval.decide": "permit"}
    _, approval = await waits(world)
    await upgraded(world)
    with pytest.raises(AnotherPolicy):
        await decide(world, approval, "approved")

    assert (await world.approvals.read(approval)).state == "waiting"


async def changed(
    world: World, approval: str, shown: str
) -> tuple[str, tuple[str, ...]]:
    """Decide on the evidence of *shown*; return what waits, and which fields are other there."""
    evidence = (await world.approvals.read(shown)).evidence_digest
    with pytest.raises(EvidenceChanged) as refused:
        await world.approvals.decide(
            approval,
            reviewer=REVIEWER,
            verdict="approved",
            shown=evidence,
            note="looked at it",
        )
    error = refused.value
    return error.approval, tuple(one.field for one in error.differences)


@pytest.mark.parametrize("verdict", [None, "approved"])
async def test_a_run_that_is_pinned_anew_is_asked_anew(
    world: World, effects: Effects, verdict: Verdict | None
) -> None:
    """Pinned anew, the run is decided by the new policy: no verdict of the old one serves, and one
    that is given on the old question is told what waits in its place, and what is other.
    """
    assert isinstance(world.pdp, StaticPoint)
    world.pdp.effects = {"note.write": "permit", "approval.decide": "permit"}
    run, old = await waits(world)
    if verdict is not None:
        await decide(world, old, verdict)
    await upgraded(world)
    pins = await world.runtime.pins("errand")
    await world.runs.repin(run.id, pins=pins, by="ada")
    (new,) = (await world.runtime.resume(run.id)).waiting
    done_before_the_verdict = list(effects.done)
    changes = [await changed(world, old, shown) for shown in (old, new)]
    await decide(world, new, "approved")
    ended = await world.runtime.resume(run.id)
    entries = [
        body for body in await world.entries() if body["event"] == "run_repinned"
    ]

    assert (ended.status, effects.done) == ("done", ["hello"])
    assert done_before_the_verdict == []
    assert new != old
    assert changes == [(new, ("revision",)), (new, ())]
    assert (await world.approvals.read(old)).state == "withdrawn"
    assert (await world.approvals.read(new)).revision == NEWER
    assert [(pin["previous"], pin["revision"]) for pin in entries] == [
        (REVISION, NEWER)
    ]


async def test_only_an_open_run_that_nobody_works_on_is_pinned_anew(
    world: World,
) -> None:
    """A run that has ended, is worked on, or is pinned so already keeps its pin."""
    worked_on = await world.runtime.start("errand", {"text": ""}, principal=ANN)
    waiting, _ = await waits(world)
    ended, _ = await waits(world)
    await world.runs.cancel(ended.id, by="ann")
    same = await world.runtime.pins("errand")
    newer = replace(same, revision=NEWER)
    attempts = [
        world.runs.repin(worked_on.id, pins=newer, by="ada"),
        world.runs.repin(waiting.id, pins=same, by="ada"),
        world.runs.repin(ended.id, pins=newer, by="ada"),
    ]

    codes = [(await refused(attempt)).code for attempt in attempts]
    assert codes == ["claimed", "pinned_already", "ended"]
    assert [summary.revision for summary in await world.runs.list()] == [REVISION] * 3


async def test_a_run_keeps_to_the_tools_it_was_started_with(
    world: World, tmp_path: Path, effects: Effects
) -> None:
    """Where the agent has other tools the run is not carried on, and its approval serves on."""
    run, approval = await waits(world)
    more = (effects.tool("note.write"), effects.tool("note.more"))
    async with World(tmp_path, agents=[Errand(tools=more)], pdp=world.pdp) as other:
        with pytest.raises(AnotherHome) as refusal:
            await other.runtime.resume(run.id)

    assert refusal.value.code == "another_tools"
    assert (await world.runs.read(run.id)).fence == run.fence
    assert (await world.approvals.read(approval)).state == "waiting"
    assert effects.done == []
