"""What is measured: one LangGraph step, bare on the stock saver, or governed on ours, with the same state.

Run as a module it takes a variant, a number of steps and a folder, so that a tracer can count its
system calls.
"""

import asyncio
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypedDict, get_args

from langgraph.graph import END, START, StateGraph

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done
from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.errors import GuardFailed
from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.engine.bundle import load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.request import Principal, Resource
from interlock.runtime.run.run import NewRun
from interlock.runtime.testing import PLENTY, World
from interlock.serving.home import BUNDLE

Variant: TypeAlias = Literal["stock", "pure", "effect"]
STATE: Final = "x" * 500  # characters carried from step to step
STEPS_AT_MOST: Final = 10_000


class Count(TypedDict):
    """The graph's state."""

    n: int
    carried: str


class Given(Value):
    """What the bench tools take and give back."""

    value: str


def tools() -> tuple[AnyTool, ...]:
    """Return a pure tool and one with an effect; both do nothing, so only the door is measured."""

    @tool("bench.pure", action="pure", resource=lambda _: Resource(type="bench", id="pure"))
    async def pure(permit: Permit, arguments: Given) -> Given:
        """Return the argument."""
        return arguments

    @tool(
        "bench.effect",
        action="write",
        resource=lambda _: Resource(type="bench", id="effect"),
    )
    async def effect(permit: Permit, arguments: Given) -> Given:
        """Return the argument, as an effect."""
        return arguments

    return pure, effect


def measure(variant: Variant, steps: int, folder: Path) -> float:
    """Run *steps* steps of *variant* on a new database in *folder* and return the seconds the graph took."""
    folder.mkdir(parents=True)
    return (
        _stock(steps, folder)
        if variant == "stock"
        else asyncio.run(_governed(variant, steps, folder))
    )


def _graph(node: Any, steps: int) -> StateGraph[Any, Any, Any, Any]:
    graph = StateGraph(Count)
    graph.add_node("work", node)
    graph.add_edge(START, "work")
    graph.add_conditional_edges(
        "work", lambda state: END if state["n"] >= steps else "work", ["work", END]
    )
    return graph


def _stock(steps: int, folder: Path) -> float:
    try:
        from langgraph.checkpoint.sqlite import SqliteSaver  # noqa: PLC0415 - only the comparison needs it
    except ImportError as error:
        next_step = "Install the dev extra: `make test` does."
        raise GuardFailed(
            guard="bench", why="langgraph-checkpoint-sqlite is missing", next_step=next_step
        ) from error
    with closing(sqlite3.connect(folder / "stock.db", check_same_thread=False)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        graph = _graph(lambda state: {"n": state["n"] + 1}, steps).compile(
            checkpointer=SqliteSaver(connection)
        )
        began = time.perf_counter()
        graph.invoke({"n": 0, "carried": STATE}, _config("stock"), durability="sync")
        return time.perf_counter() - began


async def _governed(variant: Variant, steps: int, folder: Path) -> float:
    point = EmbeddedPoint(load(BUNDLE))
    async with World(folder, tools=tools(), pdp=point, clock=time.time) as world:
        principal = Principal(
            id="agent:bench", tenant="default", roles=("bench",), on_behalf_of="bench"
        )
        proposal = NewRun(
            agent="bench",
            principal=principal,
            request={},
            limits=PLENTY,
            autonomy=2,
            revision=point.revision,
        )
        run = await world.runs.start(proposal)
        door = Door(pep=world.pep, run=run)

        async def work(state: Count) -> dict[str, int]:
            outcome = await door.call(f"bench.{variant}", {"value": "v"}, call_id=str(state["n"]))
            if not isinstance(outcome, Done):
                raise GuardFailed(
                    guard="bench", why=str(outcome), next_step="Check the policy's bench role."
                )
            return {"n": state["n"] + 1}

        saver = Checkpoints(store=world.store, key=world.vault.known(run.id), run=run)
        graph = _graph(work, steps).compile(checkpointer=saver)
        began = time.perf_counter()
        await graph.ainvoke({"n": 0, "carried": STATE}, _config(run.id), durability="sync")
        took = time.perf_counter() - began
    point.close()
    return took


def _config(thread: str) -> Any:
    return {"configurable": {"thread_id": thread}, "recursion_limit": STEPS_AT_MOST}


if __name__ == "__main__":
    name, count, place = sys.argv[1:]
    if name in get_args(Variant):
        print(measure(name, int(count), Path(place)))  # type: ignore[arg-type]  # checked on the line above
