"""However a drive breaks off, the run it carried has ended or is held."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import START, MessagesState, StateGraph

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import tool
from interlock.runtime.errors import AgentFailed, InterlockError, NotRecorded
from interlock.runtime.graph.node import TOOLS, ToolNode, calls
from interlock.runtime.policy.decision import Decision, Permit, Reason
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.run.run import Run
from interlock.runtime.testing import Effects, Note, StaticPoint, World

MOST_REFUSALS = 5
Step = Callable[[MessagesState], Any]


class Scripted:
    """An agent with one node, and an outcome, that a test states; its tool calls are carried."""

    name = "scripted"

    def __init__(
        self, step: Step, outcome: Callable[[], dict[str, Json]] = dict
    ) -> None:
        self._step = step
        self._outcome = outcome

    def build(self, door: Door) -> Any:
        """Return the graph of one node and the calls that it proposes."""
        graph: Any = StateGraph(MessagesState)
        graph.add_node("step", self._step)
        graph.add_node(TOOLS, ToolNode(door, tools=["note.now"]).act)
        graph.add_edge(START, "step")
        graph.add_conditional_edges(
            "step", lambda state: calls(state["messages"][-1]), [TOOLS]
        )
        return graph

    def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
        """Return what the test says."""
        return self._outcome()


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


def proposing(arguments: dict[str, Any], name: str = "note.now") -> Step:
    def step(_: MessagesState) -> dict[str, list[AnyMessage]]:
        call = {"name": name, "args": arguments, "id": "call"}
        return {"messages": [AIMessage(content="", tool_calls=[call])]}

    return step


def raising(error: BaseException) -> Step:
    def step(_: MessagesState) -> None:
        raise error

    return step


def bottomless(state: MessagesState) -> Any:
    return bottomless(state)


def quiet(_: MessagesState) -> dict[str, list[AnyMessage]]:
    return {"messages": [AIMessage(content="nothing to do")]}


def broken_outcome() -> dict[str, Json]:
    raise KeyError("stopped")


BROKEN: dict[str, Scripted] = {
    "an error": Scripted(raising(RuntimeError("out of paper"))),
    "an error in no language": Scripted(raising(RuntimeError("\ud800 half"))),
    "no end": Scripted(bottomless),
    "no memory": Scripted(raising(MemoryError())),
    "an integer of 400 digits": Scripted(proposing({"text": 10**400})),
    "an integer of 5000 digits": Scripted(proposing({"text": 10**5000})),
    "nesting of 900": Scripted(proposing({"text": nested(900)})),
    "half a character": Scripted(proposing({"text": "\ud800"})),
    "a name of half a character": Scripted(proposing({}, "\ud800")),
    "an outcome that breaks": Scripted(quiet, broken_outcome),
    "an outcome beyond JSON": Scripted(quiet, lambda: {"share": 0.5}),  # type: ignore[dict-item]  # the agent's mistake
    "an outcome of 400 digits": Scripted(quiet, lambda: {"count": 10**400}),
}


@pytest.fixture
async def world(tmp_path: Path) -> Any:
    async with World(tmp_path, tools=[Effects().tool("note.now")]) as made:
        yield made
        assert (await made.verify()).problems == []


async def stands(world: World, run: Run) -> str:
    return (await world.runs.read(run.id)).status


@pytest.mark.parametrize("how", BROKEN)
async def test_no_exception_leaves_a_run_running(world: World, how: str) -> None:
    """Whatever an agent raises or proposes ends its run, and comes out as an error of ours."""
    run = await world.start()
    try:
        await world.driver.drive(run, BROKEN[how])
    except InterlockError:
        assert await stands(world, run) == "failed"
        assert await world.runs.outcome(run.id)
    assert await stands(world, run) in {"done", "failed"}


async def test_an_agents_own_error_is_named(world: World) -> None:
    """What an agent raised stands in the error, with the run and the agent, and in the outcome."""
    run = await world.start()
    with pytest.raises(AgentFailed) as raised:
        await world.driver.drive(run, BROKEN["an error"])

    assert (raised.value.run_id, raised.value.agent) == (run.id, "scripted")
    assert isinstance(raised.value.__cause__, RuntimeError)
    assert "out of paper" in str(await world.runs.outcome(run.id))


async def test_a_drive_that_is_stopped_from_outside_leaves_the_run_held(
    tmp_path: Path,
) -> None:
    """A shutdown in the middle of a call holds the run, and a later claim carries it to its end."""
    begun = asyncio.Event()
    proceed = asyncio.Event()

    @tool("note.slow", action="read")
    async def slow(permit: Permit, arguments: Note) -> Note:
        """Wait until the test says so."""
        begun.set()
        await proceed.wait()
        return arguments

    agent = Scripted(proposing({"text": "x"}, "note.slow"))
    async with World(tmp_path, tools=[slow]) as world:
        run = await world.start()
        driving = asyncio.create_task(world.driver.drive(run, agent))
        await begun.wait()
        driving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driving
        assert await stands(world, run) == "held"

        proceed.set()
        await world.driver.drive(await world.runs.claim(run.id), agent)
        assert await stands(world, run) == "done"


async def test_what_could_not_be_recorded_holds_the_run(tmp_path: Path) -> None:
    """When one record of a step cannot be made, the run is held, as far as that can be recorded."""
    async with World(tmp_path) as world:

        def fail(_: Any) -> None:
            raise NotRecorded(why="the disk is full")

        @tool("note.lost", action="read")
        async def lost(permit: Permit, arguments: Note) -> Note:
            """Hand in what cannot be recorded."""
            world.store.later(permit.claim, fail)
            return arguments

        world.add(lost)
        world.pdp.effects = {"note.lost": "permit"}  # type: ignore[attr-defined]  # a StaticPoint
        run = await world.start()
        with pytest.raises(NotRecorded):
            await world.driver.drive(
                run, Scripted(proposing({"text": "x"}, "note.lost"))
            )
        assert await stands(world, run) == "held"


class Refusing(StaticPoint):
    """A policy that refuses everything, and after five refusals says so."""

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the refusal."""
        decision = await super().decide(request)
        if request.context.run.refusals < MOST_REFUSALS:
            return decision
        reason = Reason(code="too_many_refusals", rule="refusals")
        return replace(decision, reasons=(reason,))


async def test_a_run_that_is_refused_too_often_ends(tmp_path: Path) -> None:
    """The refusal that is one too many is the last entry on a call; the run has then failed."""
    rounds = list[int]()

    def insist(_: MessagesState) -> dict[str, list[AnyMessage]]:
        rounds.append(1)
        call = {"name": "note.now", "args": {"text": "x"}, "id": str(len(rounds))}
        return {"messages": [AIMessage(content="", tool_calls=[call])]}

    agent = Scripted(insist)
    looped = agent.build

    def build(door: Door) -> Any:
        graph = looped(door)
        graph.add_edge(TOOLS, "step")
        return graph

    agent.build = build  # type: ignore[method-assign]  # the same graph, going round
    tools = [Effects().tool("note.now")]
    async with World(tmp_path, tools=tools, pdp=Refusing()) as world:
        run = await world.start()
        ended = await world.driver.drive(run, agent)
        entries = await world.entries()
        outcome = await world.runs.outcome(run.id)
        assert (await world.verify()).problems == []

    stopped: Any = (outcome or {})["stopped"]
    assert (ended.status, stopped["code"]) == ("failed", "too_many_refusals")
    assert len(rounds) == MOST_REFUSALS + 1
    assert [entry["event"] for entry in entries][-2:] == ["decision", "run_ended"]
