"""The agent of a drill and its tools: one of every kind that the door treats in its own way."""

import asyncio
import os
import random
from pathlib import Path
from typing import Any, Final, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from interlock.evals.chaos.outside import Effect, Outside
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Waiting
from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.graph.agent import Graph
from interlock.runtime.policy.decision import Permit

#: The variable that names the folder of the outside
VARIABLE: Final = "CHAOS_OUTSIDE"
LOOK: Final = "drill.look"
#: Repeated with the same key: a second call has no second effect
KEYED: Final = "drill.keyed"
#: Never repeated
ONCE: Final = "drill.once"
#: The outside is asked whether it happened
ASKED: Final = "drill.asked"
#: Waits for a person, and is never repeated
SENT: Final = "drill.sent"
#: The tools in the order in which a run calls them
STEPS: Final = (LOOK, KEYED, ONCE, ASKED)
#: Seconds at most that a tool takes before its effect, and as many after it
_PAUSE_S: Final = 0.02


class Drill(Value):
    """What one run of the drill is to do."""

    number: int
    #: Whether it ends with what a person has to approve
    asks: bool


class Step(Value):
    """The arguments and the result of every tool of the drill."""

    number: int


class State(TypedDict, total=False):
    """The state of one run."""

    number: int
    asks: bool
    said: dict[str, str]


class Driller:
    """Calls one tool of every kind; stateless, so one instance serves every run."""

    name = "drill"
    role = "drill"
    request = Drill

    def __init__(self) -> None:
        self.tools = drill_tools()

    def build(self, door: Door) -> Graph:
        """Return the graph of one run: a step for each tool, one after the other."""
        graph: Graph = StateGraph(State)
        before = START
        for name in (*STEPS, SENT):
            graph.add_node(name, _step(door, name))
            if name != SENT:
                graph.add_edge(before, name)
                before = name
        graph.add_conditional_edges(before, _further, [SENT, END])
        graph.add_edge(SENT, END)
        return graph

    def outcome(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return what became of each call."""
        return dict(state.get("said", {}))


def _step(door: Door, name: str) -> Any:
    async def act(state: State) -> State:
        arguments = {"number": state["number"]}
        outcome = await door.call(name, arguments, call_id=name)
        while isinstance(outcome, Waiting):
            interrupt({"approval": outcome.approval_id})
            outcome = await door.call(name, arguments, call_id=name)
        return {"said": {**state.get("said", {}), name: type(outcome).__name__}}

    return act


def _further(state: State) -> str:
    return SENT if state["asks"] else END


def drill_tools() -> tuple[AnyTool, ...]:
    """Return the tools, whose effects happen in the folder that `VARIABLE` names."""

    @tool(LOOK, action="read")
    async def look(permit: Permit, arguments: Step) -> Step:
        """Look at something."""
        await _pause()
        return arguments

    return (
        look,
        _effect(KEYED, idempotent=True),
        _effect(ONCE),
        _effect(ASKED, reconcile=_asked),
        _effect(SENT, action="irreversible"),
    )


def _effect(name: str, **options: Any) -> AnyTool:
    @tool(name, **{"action": "write"} | options)
    async def act(permit: Permit, arguments: Step) -> Step:
        """Let one effect happen outside."""
        effect = Effect(
            run_id=permit.run_id,
            tool=permit.tool,
            key=permit.key,
        )
        await _pause()
        _outside().add(effect)
        await _pause()
        return arguments

    return act


async def _asked(key: str) -> Step | None:
    return Step(number=0) if _outside().happened(key) else None


def _outside() -> Outside:
    return Outside(folder=Path(os.environ[VARIABLE]))


async def _pause() -> None:
    await asyncio.sleep(random.uniform(0, _PAUSE_S))  # noqa: S311 - so that a kill meets every moment
