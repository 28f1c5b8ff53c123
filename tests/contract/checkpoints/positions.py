"""Checkpoints of a run, and where they are."""

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import Checkpoint, empty_checkpoint
from sqlalchemy import Table, update

from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.run.run import Run
from interlock.runtime.testing import World


def saver(world: World, run: Run) -> Checkpoints:
    return Checkpoints(store=world.store, key=world.vault.known(run.id), run=run)


def at(run: Run, checkpoint_id: str = "", ns: str = "") -> RunnableConfig:
    return {
        "configurable": {
            "thread_id": run.id,
            "checkpoint_ns": ns,
            "checkpoint_id": checkpoint_id,
        }
    }


def made(position: int, **values: Any) -> Checkpoint:
    """Return a checkpoint whose id sorts by *position*."""
    return empty_checkpoint() | {"id": f"{position:032x}", "channel_values": values}


async def put(
    world: World, run: Run, checkpoint: Checkpoint, *, parent: str = "", ns: str = ""
) -> RunnableConfig:
    return await saver(world, run).aput(
        at(run, parent, ns), checkpoint, {"source": "loop", "step": 1}, {}
    )


async def stored(world: World, table: Table, **values: Any) -> None:
    """Change every row of a table behind the saver's back."""
    await world.store.write(
        lambda tx: tx.connection.execute(update(table).values(values))
    )
