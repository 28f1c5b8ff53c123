"""Runs ask a pool by the router: what happens to the replicas loses no answer."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import HumanMessage
from tests.serving.vllm.pools import Served, served, twin_of
from tests.tools.models.asking import asked, candidate, endpoint, retries

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done
from interlock.runtime.testing import World
from interlock.serving.vllm import orders
from interlock.tools.models.generate import model_tools
from interlock.tools.models.replicas import nearest, read
from interlock.tools.models.router.router import Router
from interlock.tools.outbound.client import Bounds

RUNS = 16
#: How long the twin takes for an answer, so that some are always under way
ANSWER_S = 0.2
BOUNDS = Bounds(total_s=20.0)


def router(pool: Served) -> Router:
    """Return a router over the pool, which reads the home before each question."""

    def places(key: str) -> Sequence[Any]:
        ready = nearest(read(pool.home, "small"), key)
        return [endpoint(replica.url, bounds=BOUNDS) for replica in ready]

    local = candidate("local", "http://127.0.0.1:1/v1", places=places)
    return Router({"planner": [local]}, retries=retries())


async def test_a_replica_that_is_drained_under_load_loses_no_answer(
    tmp_path: Path,
) -> None:
    """Runs ask without a pause until one of two replicas is drained and gone: each call is done,
    and the drained one, which had its share before, is free long before its patience ends.
    """
    twin = {"slow_after": 0, "slow_s": ANSWER_S}
    patience = {"drain_s": 12}
    async with served(tmp_path, twin=twin, replicas=2, patience=patience) as pool:
        await pool.are("ready", "ready")
        async with World(tmp_path / "world", tools=model_tools(router(pool))) as world:
            runs = [await world.start() for _ in range(RUNS)]

            async def ask(number: int) -> list[object]:
                door = Door(pep=world.pep, run=runs[number])
                outcomes: list[object] = []
                while pool.replicas[0].state != "stopped":
                    call = len(outcomes)
                    question = _question(number, call)
                    outcome = await door.call(
                        "model.generate", question, call_id=str(call)
                    )
                    outcomes.append(outcome)
                return outcomes

            asking = asyncio.gather(*(ask(number) for number in range(RUNS)))
            await asyncio.sleep(2 * ANSWER_S)
            share = (await twin_of(pool.replicas[0]))["answers"]
            orders.give(pool.home, "small", orders.Order(replica=0))
            outcomes = [outcome for row in await asking for outcome in row]
            await pool.are("stopped", "ready")

    moments = {one.state: one.since for number, one in pool.heard if number == 0}
    assert share > 0
    assert moments["stopped"] - moments["draining"] < patience["drain_s"] / 2
    assert len(outcomes) > RUNS
    assert [outcome for outcome in outcomes if not isinstance(outcome, Done)] == []


def _question(run: int, call: int) -> dict[str, Any]:
    """Return a question over a text of its own, so that both replicas have some."""
    text = f"Contract {run}-{call}. Which law governs?"
    return asked(HumanMessage(content=text))
