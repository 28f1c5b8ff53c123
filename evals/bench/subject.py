"""What is measured: one LangGraph step with the same state, on the stock saver or governed on ours.

Run as a module, this file takes a variant, a number of steps and a folder, once or more often, so
that a tracer can count the system calls.
"""

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypedDict, get_args

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph

from interlock.evals.bench.policy import policy
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done
from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.errors import GuardFailed
from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.request import Principal, Resource
from interlock.runtime.run.run import NewRun
from interlock.runtime.testing import PLENTY, TOOLBOX, World

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

Variant: TypeAlias = Literal["stock", "pure", "effect"]
#: The characters carried from step to step
STATE: Final = "x" * 500
STEPS_AT_MOST: Final = 10_000
#: Whom the bench acts for, here and in `gate`
PRINCIPAL: Final = Principal(
    id="agent:bench",
    tenant="default",
    roles=("bench",),
    on_behalf_of="bench",
)
Graph: TypeAlias = StateGraph[Any, Any, Any, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """Seconds that one run took: of the wall clock, and of all processors for this process."""

    wall_s: float
    processor_s: float


class Count(TypedDict):
    """The graph's state."""

    n: int
    carried: str


class Echo(Value):
    """The argument and the result of the bench tools."""

    value: str


def tools() -> tuple[AnyTool, ...]:
    """Return a pure tool and one with an effect; both do nothing, so only the door is measured."""

    @tool(
        "bench.pure",
        action="pure",
        resource=lambda _: Resource(type="bench", id="pure"),
    )
    async def pure(permit: Permit, arguments: Echo) -> Echo:
        """Return the argument."""
        return arguments

    @tool(
        "bench.effect",
        action="write",
        resource=lambda _: Resource(type="bench", id="effect"),
    )
    async def effect(permit: Permit, arguments: Echo) -> Echo:
        """Return the argument, as an effect."""
        return arguments

    return pure, effect


def measure(variant: Variant, steps: int, folder: Path) -> Spent:
    """Run *steps* steps of *variant* on a new database in *folder*; return what they took."""
    folder.mkdir(parents=True)
    if variant == "stock":
        return asyncio.run(_stock(steps, folder))
    return asyncio.run(_governed(variant, steps, folder))


async def _timed(
    graph: Graph,
    saver: BaseCheckpointSaver[Any],
    thread: str,
) -> Spent:
    config: RunnableConfig = {
        "configurable": {"thread_id": thread},
        "recursion_limit": STEPS_AT_MOST,
    }
    compiled = graph.compile(checkpointer=saver)
    begin = {"n": 0, "carried": STATE}
    wall = time.perf_counter()
    processor = time.process_time()
    await compiled.ainvoke(begin, config, durability="sync")
    return Spent(
        wall_s=time.perf_counter() - wall,
        processor_s=time.process_time() - processor,
    )


def counting(work: Any, steps: int) -> Graph:
    """Return the graph that does *work* so many times, a step each."""

    def further(state: Count) -> str:
        return END if state["n"] >= steps else "work"

    graph: Graph = StateGraph(Count)
    graph.add_node("work", work)
    graph.add_edge(START, "work")
    graph.add_conditional_edges("work", further, ["work", END])
    return graph


async def _stock(steps: int, folder: Path) -> Spent:
    try:
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver  # noqa: PLC0415 - only the comparison needs it
    except ImportError as error:
        raise GuardFailed(
            guard="bench",
            why="langgraph-checkpoint-sqlite is missing",
            next_step="Install the dev extra: `make test` does.",
        ) from error

    async def work(state: Count) -> dict[str, int]:
        return {"n": state["n"] + 1}

    async with AsyncSqliteSaver.from_conn_string(str(folder / "stock.db")) as saver:
        await saver.conn.execute("PRAGMA synchronous=FULL")
        return await _timed(counting(work, steps), saver, "stock")


async def _governed(variant: Variant, steps: int, folder: Path) -> Spent:
    point = EmbeddedPoint(policy())
    async with World(
        folder,
        tools=tools(),
        pdp=point,
        clock=time.time,
    ) as world:
        new = NewRun(
            agent=TOOLBOX,
            principal=PRINCIPAL,
            request={},
            limits=PLENTY,
            autonomy=2,
            revision=point.revision,
            intent=None,
        )
        run = await world.runs.start(new)
        door = Door(pep=world.pep, run=run)

        async def work(state: Count) -> dict[str, int]:
            call_id = str(state["n"])
            outcome = await door.call(
                f"bench.{variant}", {"value": "v"}, call_id=call_id
            )
            if not isinstance(outcome, Done):
                raise GuardFailed(
                    guard="bench",
                    why=str(outcome),
                    next_step="Check `evals/bench/policies`.",
                )
            return {"n": state["n"] + 1}

        saver = Checkpoints(
            store=world.store,
            key=world.vault.known(run.id),
            run=run,
        )
        spent = await _timed(counting(work, steps), saver, run.id)
    point.close()
    return spent


if __name__ == "__main__":
    orders = sys.argv[1:]
    for name, count, place in zip(orders[::3], orders[1::3], orders[2::3], strict=True):
        if name in get_args(Variant):
            measured = measure(name, int(count), Path(place))  # type: ignore[arg-type]  # checked above
            print(measured.wall_s, measured.processor_s)
