"""The subject of test_kill.py: a process that imports once and forks a worker for each order it
reads.

An order is one line of JSON, answered by one line. A worker opens the home, starts or claims a run,
drives it with an agent of two steps, and dies, stops or fails where the order says.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypedDict

from langgraph.graph import START, StateGraph

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import AnyTool, tool
from interlock.runtime.graph.node import ToolNode
from interlock.runtime.policy.decision import Decision, Permit
from interlock.runtime.policy.request import AccessRequest, Resource
from interlock.runtime.testing import Note, StaticPoint, World

TOOL: Final = "note.put"
CALL: Final = {
    "type": "tool_call",
    "name": TOOL,
    "args": {"text": "hello"},
    "id": "call-1",
}


@dataclass(frozen=True, kw_only=True)
class Order:
    """What one worker is to do."""

    home: str
    url: str
    idempotent: bool
    #: "decided", "intended", "acted", "recorded" or "ended": die there; "stopped": be stopped at
    #: "decided"; "": do not
    point: str = ""
    waits: bool = False
    run: str | None = None

    def reached(self, point: str) -> None:
        """Die when this is the point."""
        if point == self.point:
            os.kill(os.getpid(), signal.SIGKILL)

    @property
    def folder(self) -> Path:
        """Where effects, results and everything of the home lie."""
        return Path(self.home)


class State(TypedDict):
    """What the agent's graph carries."""

    messages: list[Any]
    said: str


class Point(StaticPoint):
    """A decision point after whose answer the process may die or be stopped."""

    def __init__(self, order: Order) -> None:
        super().__init__(
            effects={TOOL: "permit"}, waiting=frozenset({TOOL} if order.waits else ())
        )
        self._order = order

    async def decide(self, request: AccessRequest) -> Decision:
        """Decide, and then reach the point "decided"."""
        decision = await super().decide(request)
        if self._order.point == "stopped":
            await asyncio.sleep(
                0.1
            )  # until the writer is idle: stopped inside a transaction it would block SQLite
            os.kill(os.getpid(), signal.SIGSTOP)
        self._order.reached("decided")
        return decision


@dataclass(frozen=True, kw_only=True)
class Agent:
    """One tool call, then one step more."""

    order: Order
    name: str = "crash"

    def build(self, door: Door) -> Any:
        """Return the graph."""
        node = ToolNode(door, tools=[str(CALL["name"])])

        async def act(state: State) -> dict[str, Any]:
            done = await node.act(CALL)  # type: ignore[arg-type]  # on purpose not what the types say
            return {"said": str(done["messages"][0].content)}

        def after(state: State) -> dict[str, Any]:
            self.order.reached("recorded")
            return {"said": state["said"]}

        graph = StateGraph(State)
        graph.add_node("act", act)
        graph.add_node("after", after)
        graph.add_edge(START, "act")
        graph.add_edge("act", "after")
        return graph

    def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
        """Return what was said."""
        self.order.reached("ended")
        return {"said": state.get("said", "")}


def put(order: Order) -> AnyTool:
    """Return the tool: it adds a line to a file outside the database, once for each key when it is
    idempotent.
    """

    @tool(
        TOOL,
        action="write",
        idempotent=order.idempotent,
        resource=lambda a: Resource(type="note", id=""),
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        order.reached("intended")
        lines = os.open(
            order.folder / "effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT
        )
        mine = f"{permit.key}\n".encode()
        if not order.idempotent or mine not in (order.folder / "effects").read_bytes():
            os.write(lines, mine)
        os.close(lines)
        order.reached("acted")
        return arguments

    return act


async def work(order: Order) -> dict[str, Any]:
    """Carry out the order and say how it ended."""
    world = World(
        order.folder,
        tools=[put(order)],
        pdp=Point(order),
        url=order.url,
        clock=time.time,
    )
    async with world:
        run = (
            await world.start()
            if order.run is None
            else await world.runs.claim(order.run)
        )
        (order.folder / "run").write_text(run.id)
        ended = await world.driver.drive(run, Agent(order=order))
        return {
            "status": ended.status,
            "waiting": ended.waiting,
            "outcome": ended.outcome,
        }


def child(order: Order, result: Path) -> None:
    """Be the worker; never returns."""
    try:
        result.write_text(json.dumps(asyncio.run(work(order))))
    except BaseException as error:  # noqa: BLE001 - told to the test
        result.write_text(
            json.dumps({"error": type(error).__name__, "detail": str(error)})
        )
    os._exit(0)


def main() -> None:
    """Read orders until there are no more."""
    print("ready", flush=True)  # noqa: T201 - the test reads it
    for number, line in enumerate(sys.stdin):
        given = json.loads(line)
        if "wait" in given:
            _, status = os.waitpid(given["wait"], os.WUNTRACED)
            said = (
                "stopped"
                if os.WIFSTOPPED(status)
                else "killed"
                if os.WIFSIGNALED(status)
                else "exited"
            )
            print(json.dumps(said), flush=True)  # noqa: T201 - the test reads it
            continue
        order = Order(**given)
        result = order.folder / f"result-{number}"
        if (pid := os.fork()) == 0:
            child(order, result)
        print(json.dumps([pid, str(result)]), flush=True)  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main()
