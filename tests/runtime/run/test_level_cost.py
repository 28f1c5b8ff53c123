"""The tree of budgets costs a statement a level, and nothing where a level has no budget."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import Engine

from interlock.runtime.record.spend import of_tenant
from interlock.runtime.record.store import Tx
from interlock.runtime.run import job
from interlock.runtime.run.limit import set_limit
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.testing import AGENT, PLENTY, REVISION, TOOLBOX, Effects, World

#: One permitted write: BEGIN and COMMIT of three transactions, and all that is between them
ALONE: Final = 36
#: What each level above adds: it is looked up, reserved and settled there
A_LEVEL: Final = 4
#: The levels above are read at once, for the policy
LOOK: Final = 1
NEW: Final = NewRun(
    agent=TOOLBOX,
    principal=AGENT,
    request={},
    limits=PLENTY,
    autonomy=2,
    revision=REVISION,
    intent=None,
)
JOB: Final = job.NewJob(
    id="job-1",
    tenant=AGENT.tenant,
    agent=TOOLBOX,
    by="ana",
    request={},
    priority=0,
    limits={"effects": 100},
    items=1,
)


@contextmanager
def traced() -> Iterator[list[str]]:
    """Yield what SQLite is asked on every connection that is made in the meantime.

    Of a statement that sets triggers off SQLite tells once more for each: that is one statement.
    """
    seen: list[str] = []

    def asked(statement: str) -> None:
        if seen[-1:] != [statement]:
            seen.append(statement)

    def trace(connection: Any, _: object) -> None:
        connection.set_trace_callback(asked)

    event.listen(Engine, "connect", trace)
    try:
        yield seen
    finally:
        event.remove(Engine, "connect", trace)


async def cost(world: World, run: Run, seen: list[str]) -> int:
    """Return how many statements one write takes after the first."""
    for call in ("first", "second"):
        seen.clear()
        await world.pep.enforce(
            run, tool="note.write", arguments={"text": "x"}, call_id=call
        )
        await world.store.durable(run.claim)
    return len(seen)


def submit(tx: Tx, world: World) -> None:
    job.submit(tx, world.vault, JOB)


async def test_a_level_without_a_budget_costs_no_statement(tmp_path: Path) -> None:
    """Without job and tenant a write takes what it took before there were levels; each level that
    is there adds its reservation and its settlement, and all together one look.
    """
    tools = [Effects().tool("note.write")]
    with traced() as seen:
        async with World(tmp_path / "home", tools=tools) as world:
            logs = (AGENT.tenant,)
            alone = await world.runs.start(NEW)
            assert await cost(world, alone, seen) == ALONE

            await world.store.write(partial(submit, world=world), logs=logs)
            in_job = await world.runs.start(replace(NEW, job=JOB.id))
            assert await cost(world, in_job, seen) == ALONE + LOOK + A_LEVEL

            limited = partial(
                set_limit,
                budget_id=of_tenant(AGENT.tenant),
                kind="effects",
                limit=100,
                soft=False,
                by="ada",
            )
            await world.store.write(limited, logs=logs)
            other = await world.runs.start(NEW)
            assert await cost(world, other, seen) == ALONE + LOOK + A_LEVEL
            lowest = await world.runs.start(replace(NEW, job=JOB.id))
            assert await cost(world, lowest, seen) == ALONE + LOOK + 2 * A_LEVEL
