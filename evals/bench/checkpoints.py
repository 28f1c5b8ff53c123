"""The bytes that checkpoints take as a run grows: `python -m interlock.evals.bench.checkpoints`.

The run's graph adds a message a step, as an agent that talks to a model does. The answer is JSON:
for each number of steps, the bytes of all rows that were kept, in all and a step.
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypedDict

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from sqlalchemy import Connection, func, select

from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.run.progress import PROGRESS
from interlock.runtime.testing import World

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

STEPS: Final = (25, 50, 100, 200)
_SAID: Final = "word " * 100


class Talk(TypedDict):
    """The graph's state."""

    messages: Annotated[list[AnyMessage], add_messages]
    step: int


def kept(steps: int) -> int:
    """Return the bytes of the checkpoints of a run of that many steps, on a new database."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(
            _kept(
                steps,
                Path(folder) / "home",
            )
        )


async def _kept(steps: int, folder: Path) -> int:
    def say(state: Talk) -> dict[str, Any]:
        message = AIMessage(f"{_SAID}{state['step']}")
        return {"messages": [message], "step": state["step"] + 1}

    def further(state: Talk) -> str:
        return END if state["step"] >= steps else "say"

    graph = StateGraph(Talk)
    graph.add_node(
        "say",
        say,
    )
    graph.add_edge(
        START,
        "say",
    )
    graph.add_conditional_edges(
        "say",
        further,
        [
            "say",
            END,
        ],
    )
    async with World(folder) as world:
        run = await world.start()
        key = world.vault.known(run.id)
        saver = Checkpoints(
            store=world.store,
            key=key,
            run=run,
        )
        config: RunnableConfig = {
            "configurable": {"thread_id": run.id},
            "recursion_limit": steps + 2,
        }
        begin: Talk = {"messages": [], "step": 0}
        compiled = graph.compile(checkpointer=saver)
        await compiled.ainvoke(
            begin,
            config,
            durability="sync",
        )
        await saver.durable()
        return await world.store.read(_bytes)


def _bytes(connection: Connection) -> int:
    total = 0
    for table in PROGRESS:
        sealed = select(func.sum(func.length(table.c.sealed)))
        total += connection.execute(sealed).scalar() or 0
    return total


if __name__ == "__main__":
    figures = {steps: kept(steps) for steps in STEPS}
    rows = [
        {"steps": steps, "bytes": size, "bytes_a_step": size // steps}
        for steps, size in figures.items()
    ]
    print(json.dumps(rows))
