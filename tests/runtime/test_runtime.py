"""The assembled machine: agents by name, one door, and nothing left behind by a refused start."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph

from interlock import Denied, Done, Door, Principal, Runtime, Tool, Value
from interlock.errors import AgentFailed, BadInput, NotFound
from interlock.runtime.graph.agent import Graph
from interlock.runtime.storage import Storage
from interlock.testing import Effects, StaticPoint

ANN = Principal(id="ann", tenant="acme", roles=("analyst",))


class Errand(Value):
    """What the agent is asked for."""

    text: str


class State(TypedDict, total=False):
    """The agent's state."""

    text: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Errands:
    """An agent of one step: it says its text to one tool."""

    tools: tuple[Tool[Any, Any], ...]
    name: str = "errands"
    role: str = "runner"
    request: type[Value] = Errand
    proposes: str = "note.write"

    def build(self, door: Door) -> Graph:
        async def act(state: State) -> State:
            said = {"text": state["text"], "to": ""}
            outcome = await door.call(self.proposes, said, call_id="one")
            return {"answer": type(outcome).__name__}

        graph: Graph = StateGraph(State)
        graph.add_node("act", act)
        graph.add_edge(START, "act")
        graph.add_edge("act", END)
        return graph

    def outcome(self, state: dict[str, Any]) -> dict[str, Any]:
        return {"answer": state.get("answer", "")}


@dataclass(kw_only=True)
class Machine:
    """A runtime with one agent, and what its tool did."""

    runtime: Runtime
    effects: Effects = field(default_factory=Effects)


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    effects = Effects()
    agent = Errands(tools=(effects.tool("note.write"),))
    async with Runtime.open(
        database=f"sqlite:///{tmp_path / 'interlock.db'}",
        keys=tmp_path / "keys",
        policy=StaticPoint(effects={"note.write": "permit"}),
        agents=[agent],
    ) as runtime:
        yield Machine(runtime=runtime, effects=effects)


async def test_an_agent_is_started_by_name_and_acts_through_the_door(
    machine: Machine,
) -> None:
    """A started run is driven to its end, and its outcome is what the agent says of its state."""
    run = await machine.runtime.start("errands", {"text": "hello"}, principal=ANN)

    ended = await machine.runtime.drive(run)

    assert ended.status == "done"
    assert ended.outcome == {"answer": Done.__name__}
    assert machine.effects.done == ["hello"]


async def test_the_agent_acts_under_its_role_for_the_person_who_asked(
    machine: Machine,
) -> None:
    """The run's principal is the agent under its role, for the person and in the person's
    tenant.
    """
    run = await machine.runtime.start("errands", Errand(text="hello"), principal=ANN)

    assert run.principal == Principal(
        id="agent:errands", tenant="acme", roles=("runner",), on_behalf_of="ann"
    )


@pytest.mark.parametrize("request_", [{}, {"text": 1}, {"text": "a", "more": "b"}])
async def test_a_request_that_does_not_fit_leaves_no_run(
    machine: Machine, request_: dict[str, Any]
) -> None:
    """A request that is not of the agent's type is refused before a run exists."""
    with pytest.raises(BadInput):
        await machine.runtime.start("errands", request_, principal=ANN)

    assert await machine.runtime.runs.list() == []


@pytest.mark.parametrize(
    "principal",
    [
        Principal(id="agent:other", tenant="acme", roles=(), on_behalf_of="ann"),
        Principal(id="agent:other", tenant="acme", roles=()),
        Principal(id=" Agent:other", tenant="acme", roles=()),
        Principal(id=" ", tenant="acme", roles=()),
        Principal(id="\u200b", tenant="acme", roles=()),
        Principal(id="ann", tenant="", roles=()),
    ],
)
async def test_a_run_is_for_a_person(machine: Machine, principal: Principal) -> None:
    """A run started for an agent would hide the person who asked, and so pass four eyes."""
    with pytest.raises(BadInput) as refusal:
        await machine.runtime.start("errands", {"text": "hello"}, principal=principal)

    assert refusal.value.code == "nobody"
    assert await machine.runtime.runs.list() == []


async def test_an_agent_that_is_not_there_is_named(machine: Machine) -> None:
    """Starting an agent that the runtime does not have is refused, and leaves no run behind."""
    with pytest.raises(NotFound):
        await machine.runtime.start("nobody", {}, principal=ANN)

    assert await machine.runtime.runs.list() == []


async def test_a_run_of_another_agent_is_not_claimed(
    machine: Machine, tmp_path: Path
) -> None:
    """Resuming a run whose agent is not there takes no claim: another process still can."""
    run = await machine.runtime.start("errands", {"text": "hello"}, principal=ANN)
    async with Runtime.open(
        database=f"sqlite:///{tmp_path / 'interlock.db'}",
        keys=tmp_path / "keys",
        policy=machine.runtime.pdp,
        agents=[],
    ) as other:
        with pytest.raises(NotFound):
            await other.resume(run.id)
        assert (await other.runs.read(run.id)).fence == run.fence


class Broken(Errands):
    """An agent whose node raises an error of its own."""

    def build(self, door: Door) -> Graph:
        async def act(state: State) -> State:
            raise ValueError(state["text"])

        graph: Graph = StateGraph(State)
        graph.add_node("act", act)
        graph.add_edge(START, "act")
        graph.add_edge("act", END)
        return graph


async def test_an_error_of_the_agent_ends_its_run(tmp_path: Path) -> None:
    """After an agent's own error nobody waits for a lease: the run has failed."""
    async with Runtime.open(
        database=f"sqlite:///{tmp_path / 'interlock.db'}",
        keys=tmp_path / "keys",
        policy=StaticPoint(),
        agents=[Broken(tools=())],
    ) as runtime:
        run = await runtime.start("errands", {"text": "hello"}, principal=ANN)
        with pytest.raises(AgentFailed):
            await runtime.drive(run)

        assert (await runtime.runs.read(run.id)).status == "failed"


async def test_a_tool_that_no_agent_declares_is_unknown(tmp_path: Path) -> None:
    """The door knows the tools that its agents declare; a call of any other is denied."""
    effects = Effects()
    effects.tool("note.write")
    async with Runtime.open(
        database=f"sqlite:///{tmp_path / 'interlock.db'}",
        keys=tmp_path / "keys",
        policy=StaticPoint(effects={"note.write": "permit"}),
        agents=[Errands(tools=())],
    ) as runtime:
        run = await runtime.start("errands", {"text": "hello"}, principal=ANN)
        ended = await runtime.drive(run)

    assert ended.outcome == {"answer": Denied.__name__}
    assert effects.done == []


async def test_an_agent_has_no_tool_of_another_agent(tmp_path: Path) -> None:
    """Two agents in one runtime: neither may propose what only the other one declares."""
    effects = Effects()
    async with Runtime.open(
        database=f"sqlite:///{tmp_path / 'interlock.db'}",
        keys=tmp_path / "keys",
        policy=StaticPoint(effects={"note.write": "permit"}),
        agents=[
            Errands(tools=()),
            Errands(tools=(effects.tool("note.write"),), name="others"),
        ],
    ) as runtime:
        run = await runtime.start("errands", {"text": "hello"}, principal=ANN)
        ended = await runtime.drive(run)

    assert ended.outcome == {"answer": Denied.__name__}
    assert effects.done == []


@pytest.mark.parametrize(
    "agents",
    [
        [Errands(tools=()), Errands(tools=())],
        [
            Errands(tools=(Effects().tool("note.write"),)),
            Errands(tools=(Effects().tool("note.write"),), name="others"),
        ],
    ],
)
async def test_a_name_stands_for_one_thing(
    tmp_path: Path, agents: list[Errands]
) -> None:
    """Two agents of one name, or two different tools of one name, are refused when opened."""
    with pytest.raises(TypeError):
        async with Runtime.open(
            database=f"sqlite:///{tmp_path / 'interlock.db'}",
            keys=tmp_path / "keys",
            policy=StaticPoint(),
            agents=agents,
        ):
            pass


@pytest.mark.parametrize("name", ["note.write", "note.other"])
async def test_an_agent_may_have_tools_beside_its_own(
    tmp_path: Path, name: str
) -> None:
    """They are behind its door before its first run, and take no name that is taken."""
    effects = Effects()
    own, other = effects.tool("note.write"), effects.tool(name)

    async def more(agent: str) -> list[Tool[Any, Any]]:
        return [other] if agent == "errands" else []

    async with Storage.open(
        database=f"sqlite:///{tmp_path / 'interlock.db'}", keys=tmp_path / "keys"
    ) as storage:
        agent = Errands(tools=(own,), proposes=name)
        policy = StaticPoint(effects={name: "permit"})
        runtime = Runtime(storage=storage, pdp=policy, agents=[agent], more=more)
        if name == own.name:
            with pytest.raises(TypeError):
                await runtime.start("errands", {"text": "a"}, principal=ANN)
            assert await runtime.runs.list() == []
            return
        run = await runtime.start("errands", {"text": "a"}, principal=ANN)
        ended = await runtime.drive(run)

    assert ended.outcome == {"answer": "Done"}
    assert effects.done == ["a"]


async def test_an_agent_may_be_made_for_the_storage(tmp_path: Path) -> None:
    """A function in place of an agent is called with the open storage and returns the agent."""
    async with Runtime.open(
        database=f"sqlite:///{tmp_path / 'interlock.db'}",
        keys=tmp_path / "keys",
        policy=StaticPoint(),
        agents=[lambda storage: Errands(tools=(), name=storage.store.dialect)],
    ) as runtime:
        assert set(runtime.agents) == {"sqlite"}
