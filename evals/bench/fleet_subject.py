"""One process of a fleet: many runs at once, in a worker or bare on LangGraph's own saver.

Run as a module it takes a `Part` as JSON, says that it is ready, waits for a line on standard
input, and prints what the part took as JSON.
"""

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from langgraph.checkpoint.base import BaseCheckpointSaver

from interlock.evals.bench.policy import policy
from interlock.evals.bench.subject import STATE, Graph, counting, tools
from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done
from interlock.runtime.door.tool import AnyTool, Value
from interlock.runtime.errors import GuardFailed
from interlock.runtime.policy.request import Principal
from interlock.runtime.runtime import Runtime
from interlock.runtime.testing import PLENTY
from interlock.serving.fleet import Pace
from interlock.serving.worker import Turn, Worker

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

#: "stock" is the bare graph; the steps of the others act through the door
Kind: TypeAlias = Literal["stock", "pure", "effect"]
#: What a process says when it may be told to go
READY: Final = "ready\n"
_AGENT: Final = "fleet"
_TENANTS: Final = ("acme", "beta")
Pause: TypeAlias = Callable[[], Awaitable[object]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What one process of a fleet does."""

    kind: Kind
    url: str
    #: Where the keys are
    folder: str
    #: Runs at a time in this process
    runs: int
    steps: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """What a part took."""

    #: Between two steps of one run, in order
    step_ms: tuple[float, ...]
    steps: int
    wall_s: float
    processor_s: float
    #: Of memory, at most
    rss_mb: float


@dataclass(kw_only=True, slots=True)
class Laps:
    """Milliseconds between two steps of one run, over all runs of this process."""

    taken_ms: list[float] = field(default_factory=list)
    _last: dict[str, float] = field(default_factory=dict)

    def lap(self, run: str) -> None:
        """Say that a step of *run* begins."""
        now = time.perf_counter()
        last = self._last.get(run)
        if last is not None:
            self.taken_ms.append(1_000 * (now - last))
        self._last[run] = now


class Start(Value):
    """The request, which is the first state of the graph."""

    n: int = 0
    carried: str = STATE


@dataclass(frozen=True, kw_only=True, slots=True)
class Stepper:
    """An agent each of whose steps calls the tool of one kind."""

    kind: Kind
    steps: int
    laps: Laps
    name: str = _AGENT
    role: str = "bench"
    request: type[Value] = Start
    tools: tuple[AnyTool, ...] = field(default_factory=tools)

    def build(self, door: Door) -> Graph:
        """Return a graph of that many steps."""

        async def work(state: dict[str, Any]) -> dict[str, int]:
            self.laps.lap(door.run.id)
            call_id = str(state["n"])
            outcome = await door.call(
                f"bench.{self.kind}", {"value": "v"}, call_id=call_id
            )
            if not isinstance(outcome, Done):
                raise _failed(str(outcome))
            return {"n": state["n"] + 1}

        return counting(work, self.steps)

    def outcome(self, state: dict[str, Any]) -> dict[str, Json]:
        """Return how many steps there were."""
        return {"steps": state.get("n", 0)}


async def queue(part: Part, *, tenants: int) -> None:
    """Queue the runs of a governed fleet, for so many tenants in turn."""
    async with _runtime(part, Laps()) as runtime:
        for number in range(part.runs):
            tenant = _TENANTS[number % tenants]
            person = Principal(id="bench", tenant=tenant, roles=("bench",))
            await runtime.start(
                _AGENT,
                Start(),
                principal=person,
                limits=PLENTY,
                claim=False,
            )


async def measured(part: Part, *, ready: Pause) -> Took:
    """Do the part, once *ready* returns, and return what it took."""
    laps = Laps()
    if part.kind == "stock":
        async with _saver(part.url) as saver:
            return await _timed(lambda: _stock(part, saver, laps), laps, ready)
    async with _runtime(part, laps) as runtime:
        return await _timed(lambda: _worked(part, runtime), laps, ready)


async def _timed(carry: Callable[[], Awaitable[int]], laps: Laps, ready: Pause) -> Took:
    await ready()
    wall = time.perf_counter()
    processor = time.process_time()
    steps = await carry()
    return Took(
        step_ms=tuple(sorted(laps.taken_ms)),
        steps=steps,
        wall_s=time.perf_counter() - wall,
        processor_s=time.process_time() - processor,
        rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


async def _worked(part: Part, runtime: Runtime) -> int:
    """Work until nothing is queued, and return the steps of the runs that were carried on."""
    turns: list[Turn] = []
    worker = Worker(
        runtime,
        pace=Pace(concurrency=part.runs),
        shares={},
        told=turns.append,
    )
    await worker.work("idle")
    for turn in turns:
        if turn.status != "done":
            raise _failed(f"a run is {turn.status}: {turn.why}")
    return len(turns) * part.steps


async def _stock(part: Part, saver: BaseCheckpointSaver[Any], laps: Laps) -> int:
    async def carried(number: int) -> None:
        thread = str(number)

        async def work(state: dict[str, Any]) -> dict[str, int]:
            laps.lap(thread)
            return {"n": state["n"] + 1}

        config: RunnableConfig = {
            "configurable": {"thread_id": thread},
            "recursion_limit": part.steps + 2,
        }
        graph = counting(work, part.steps).compile(checkpointer=saver)
        await graph.ainvoke(Start().model_dump(), config, durability="sync")

    await asyncio.gather(*(carried(number) for number in range(part.runs)))
    return part.runs * part.steps


@asynccontextmanager
async def _saver(url: str) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """Open LangGraph's own saver on an empty database, as durable as ours."""
    if url.startswith("sqlite:///"):
        from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver  # noqa: PLC0415 - only the comparison needs it

        path = url.removeprefix("sqlite:///")
        async with AsyncSqliteSaver.from_conn_string(path) as saver:
            await saver.setup()
            await saver.conn.execute("PRAGMA synchronous=FULL")
            yield saver
        return
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver  # noqa: PLC0415 - as above

    async with AsyncPostgresSaver.from_conn_string(url) as server:
        await server.setup()
        yield server


@asynccontextmanager
async def _runtime(part: Part, laps: Laps) -> AsyncIterator[Runtime]:
    folder = Path(part.folder)
    async with Runtime.open(
        database=part.url,
        keys=folder / "keys",
        policy=policy(),
        agents=[Stepper(kind=part.kind, steps=part.steps, laps=laps)],
    ) as runtime:
        yield runtime


def _failed(why: str) -> GuardFailed:
    return GuardFailed(
        guard="bench",
        why=why,
        next_step="Check `evals/bench/policies`.",
    )


async def _told() -> None:
    """Say that this process is ready, and wait to be told that the others are.

    What it has begun with is looked through no more, as in a worker of the product.
    """
    gc.collect()
    gc.freeze()
    print(READY, end="", flush=True)
    await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asked = Part(**json.loads(sys.argv[1]))
    print(json.dumps(asdict(asyncio.run(measured(asked, ready=_told)))))
