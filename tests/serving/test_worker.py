"""A worker: many runs in one process, woken by what happens, drained without losing anything."""

import asyncio
import json
import os
import signal
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import END, START, MessagesState, StateGraph
from sqlalchemy import text

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import AnyTool, tool
from interlock.runtime.graph.node import ToolNode
from interlock.runtime.policy.decision import Decision, Permit
from interlock.runtime.policy.engine.answer import trouble
from interlock.runtime.policy.request import AccessRequest, Principal, Resource
from interlock.runtime.record.store import Store, sqlite
from interlock.runtime.run.job import NewJob
from interlock.runtime.run.jobs import Job, Jobs
from interlock.runtime.run.run import Status
from interlock.runtime.run.turn import back_off
from interlock.runtime.testing import (
    REVIEWER,
    REVISION,
    FixedClock,
    Note,
    StaticPoint,
    World,
)
from interlock.serving.fleet import Pace
from interlock.serving.worker import Turn, Until, Worker

ANA = Principal(id="ana", tenant="default", roles=())
PATIENCE_S = 30


@dataclass(kw_only=True)
class Desk:
    """Two tools with an effect each; the test may make the first one wait."""

    done: list[str] = field(default_factory=list)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    def tools(self) -> list[AnyTool]:
        """Return the tools."""
        return [self._tool("file"), self._tool("send")]

    def _tool(self, name: str) -> AnyTool:
        @tool(name, action="write", resource=lambda note: Resource(type="note", id=""))
        async def act(permit: Permit, arguments: Note) -> Note:
            """Add to what was done."""
            self.entered.set()
            await self.go.wait()
            self.done.append(f"{permit.run_id} {name}")
            return arguments

        return act


@dataclass(frozen=True, kw_only=True)
class Clerk:
    """An agent that files, then sends."""

    tools: list[AnyTool]
    name: str = "clerk"
    role: str = "clerk"
    request: type[Note] = Note

    def build(self, door: Door) -> Any:
        """Return the graph of two steps."""
        node = ToolNode(door, tools=["file", "send"])

        def step(name: str) -> Callable[..., Any]:
            async def act(state: MessagesState) -> dict[str, Any]:
                return await node.act(
                    {
                        "type": "tool_call",
                        "name": name,
                        "args": {"text": "x"},
                        "id": name,
                    }
                )

            return act

        graph = StateGraph(MessagesState)
        graph.add_node("file", step("file"))
        graph.add_node("send", step("send"))
        graph.add_edge(START, "file")
        graph.add_edge("file", "send")
        return graph

    def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
        """Return nothing."""
        return {}


@dataclass(frozen=True, kw_only=True)
class Breaker(Clerk):
    """A clerk that breaks off."""

    name: str = "breaker"

    def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
        """Break off."""
        raise ZeroDivisionError


@dataclass(frozen=True, kw_only=True)
class Copyist(Clerk):
    """A clerk that files again and again until it has filed enough."""

    enough: asyncio.Event
    name: str = "copyist"

    def build(self, door: Door) -> Any:
        """Return the graph of one step that follows itself."""
        node = ToolNode(door, tools=["file"])

        async def act(state: MessagesState) -> dict[str, Any]:
            return await node.act(
                {
                    "type": "tool_call",
                    "name": "file",
                    "args": {"text": "x"},
                    "id": f"{len(state['messages'])}",
                }
            )

        def following(state: MessagesState) -> str:
            return END if self.enough.is_set() else "file"

        graph = StateGraph(MessagesState)
        graph.add_node("file", act)
        graph.add_edge(START, "file")
        graph.add_conditional_edges("file", following)
        return graph


@dataclass(kw_only=True)
class Outage(StaticPoint):
    """A policy engine that can be away."""

    away: bool = False
    #: Tools about which it never answers
    baffling: frozenset[str] = frozenset()
    asking: int = 0
    #: The most that asked at a time while it was away
    most: int = 0

    async def decide(self, request: AccessRequest) -> Decision:
        """Answer, unless away."""
        if self.away or request.action.tool in self.baffling:
            self.asking += 1
            self.most = max(self.most, self.asking)
            await asyncio.sleep(0.05)
            self.asking -= 1
            return trouble(
                "pdp_unavailable", revision=REVISION, engine=self.engine, detail=""
            )
        return await super().decide(request)


class Office(World):
    """A world with the clerk, and workers."""

    def __init__(
        self,
        folder: Path,
        *,
        waiting: frozenset[str] = frozenset(),
        url: str | None = None,
    ) -> None:
        self.desk = Desk()
        self.desk.go.set()
        self.engine = Outage(
            effects={"file": "permit", "send": "permit"}, waiting=waiting
        )
        self.time = FixedClock()
        self.turns: list[Turn] = []
        self.heard = asyncio.Event()
        self.enough = asyncio.Event()
        tools = self.desk.tools()
        super().__init__(
            folder,
            agents=[
                Clerk(tools=tools),
                Breaker(tools=tools),
                Copyist(tools=tools, enough=self.enough),
            ],
            pdp=self.engine,
            url=url,
            clock=self.time,
        )

    async def queued(self, agent: str = "clerk") -> str:
        """Leave a run to the workers, and return its id."""
        run = await self.runtime.start(agent, {"text": ""}, principal=ANA, claim=False)
        return run.id

    async def copying(self) -> Job:
        """Leave a run of a job to the workers that ends when it has filed enough."""
        jobs = Jobs(store=self.store, vault=self.vault)
        new = NewJob(
            id="job-1",
            tenant="default",
            agent="copyist",
            by="ana",
            request={},
            priority=0,
            limits={},
            items=1,
        )
        await jobs.submit(new)
        await self.runtime.start(
            "copyist", {"text": ""}, principal=ANA, claim=False, job=new.id
        )
        return await jobs.read(new.id)

    def worker(self, *, poll_ms: int = 1_000 * PATIENCE_S * 2) -> Worker:
        """Return a worker that looks again only when it is woken, unless it polls."""
        return Worker(
            self.runtime,
            pace=Pace(concurrency=4, poll_ms=poll_ms),
            shares={},
            told=self.hear,
        )

    async def work(self, until: Until = "idle") -> list[Status | str]:
        """Let a worker work, and return what it told of its turns."""
        self.turns.clear()
        async with asyncio.timeout(PATIENCE_S):
            await self.worker().work(until)
        return [turn.status for turn in self.turns]

    @asynccontextmanager
    async def at_work(self, worker: Worker | None = None) -> AsyncIterator[Worker]:
        """Let a worker work for good beside the block, and drain it at the end."""
        self.turns.clear()
        worker = worker or self.worker()
        async with asyncio.timeout(PATIENCE_S):
            working = asyncio.create_task(worker.work("stopped"))
            yield worker
            worker.drain()
            await working

    async def told(self, number: int) -> None:
        """Return when the worker has told of so many turns."""
        while len(self.turns) < number:
            self.heard.clear()
            await self.heard.wait()

    def hear(self, turn: Turn) -> None:
        """Keep what a worker tells."""
        self.turns.append(turn)
        self.heard.set()


async def test_a_worker_carries_every_queued_run_to_its_end(tmp_path: Path) -> None:
    """Each effect happens once, each turn is told once, and then the worker is idle."""
    async with Office(tmp_path) as office:
        queued = [await office.queued() for _ in range(5)]

        assert await office.work() == ["done"] * 5
        assert sorted(office.desk.done) == sorted(
            f"{run_id} {name}" for run_id in queued for name in ("file", "send")
        )
        assert await office.work() == []
        assert (await office.verify()).problems == []


async def test_once_is_one_claim(tmp_path: Path) -> None:
    """A worker that works once carries on what it claimed at first, and leaves the rest."""
    async with Office(tmp_path) as office:
        for _ in range(5):
            await office.queued()

        assert await office.work("once") == ["done"] * 4


async def test_a_verdict_wakes_the_run(tmp_path: Path) -> None:
    """A run that waits is carried on as soon as a person decided, whatever else is going on."""
    async with Office(tmp_path, waiting=frozenset({"send"})) as office:
        run_id = await office.queued()
        async with office.at_work():
            await office.told(1)
            (asked,) = await office.approvals.list(run=run_id)
            approval = await office.approvals.read(asked.id)
            await office.runtime.approvals.decide(
                asked.id,
                reviewer=REVIEWER,
                verdict="approved",
                shown=approval.evidence_digest,
                note="looked",
            )
            await office.told(2)

        assert [turn.status for turn in office.turns] == ["waiting", "done"]
        assert office.desk.done == [f"{run_id} file", f"{run_id} send"]


async def test_a_worker_elsewhere_wakes_also_when_it_lost_its_ear(
    tmp_path: Path, fresh_postgres: str
) -> None:
    """What another process queues is begun before the next look, and a lost connection is made
    anew.
    """
    async with (
        Office(tmp_path, url=fresh_postgres) as office,
        Office(tmp_path, url=fresh_postgres) as elsewhere,
        office.at_work(),
    ):
        await _of_ear(office.store, "pid")
        await elsewhere.queued()
        await office.told(1)
        await _of_ear(office.store, "pg_terminate_backend(pid)")
        await elsewhere.queued()
        await office.told(2)

        assert [turn.status for turn in office.turns] == ["done", "done"]


async def _of_ear(store: Store, wanted: str) -> None:
    """Wait until a worker listens, and ask for what is *wanted* of its connection."""
    asked = text(
        f"SELECT {wanted} FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"  # noqa: S608 - ours
    )
    rows: Sequence[Any] = ()
    while not rows:
        await asyncio.sleep(0.02)
        rows = await store.read(lambda connection: connection.execute(asked).all())


async def test_an_expired_question_lets_the_run_go_on(tmp_path: Path) -> None:
    """Nobody decides in time: a worker takes the run up, and the agent is told so."""
    async with Office(tmp_path, waiting=frozenset({"send"})) as office:
        run_id = await office.queued()
        assert await office.work() == ["waiting"]
        assert await office.work() == []
        office.time.advance(3600)

        assert await office.work() == ["done"]
        assert office.desk.done == [f"{run_id} file"]


async def test_a_drained_run_stops_between_steps_and_goes_on_elsewhere(
    tmp_path: Path,
) -> None:
    """The step under way ends, the next does not begin, and nothing is lost or done twice."""
    async with Office(tmp_path) as office:
        office.desk.go.clear()
        run_id = await office.queued()
        async with office.at_work() as worker:
            await office.desk.entered.wait()
            worker.drain()
            office.desk.go.set()
        assert [turn.status for turn in office.turns] == ["queued"]
        assert office.desk.done == [f"{run_id} file"]

        assert await office.work() == ["done"]
        assert office.desk.done == [f"{run_id} file", f"{run_id} send"]
        assert (await office.verify()).problems == []


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_pause_stops_a_run_at_work_between_steps(
    tmp_path: Path, elsewhere: bool
) -> None:
    """A run whose job is paused, here or by another process, ends its step and is queued; nobody
    claims it before the job goes on.
    """
    async with Office(tmp_path) as office, AsyncExitStack() as stack:
        job = await office.copying()
        place = (
            await stack.enter_async_context(Office(tmp_path)) if elsewhere else office
        )
        jobs = Jobs(store=place.store, vault=place.vault)
        async with office.at_work(office.worker(poll_ms=100) if elsewhere else None):
            await office.desk.entered.wait()
            await jobs.turn(job, "paused", by="ada")
            await office.told(1)
            await office.queued()
            await office.told(2)
            office.enough.set()
            await jobs.turn(job, "open", by="ada")
            await office.told(3)

        assert [(turn.agent, turn.status) for turn in office.turns] == [
            ("copyist", "queued"),
            ("clerk", "done"),
            ("copyist", "done"),
        ]
        assert (await office.verify()).problems == []


async def test_a_worker_that_is_stopped_leaves_its_runs_held(tmp_path: Path) -> None:
    """Nothing is waited for, and the run says where it stands."""
    async with Office(tmp_path) as office:
        office.desk.go.clear()
        run_id = await office.queued()
        async with office.at_work() as worker:
            await office.desk.entered.wait()
            worker.stop()

        assert (await office.runs.read(run_id)).status == "held"


async def test_what_was_held_goes_on_when_the_engine_is_back(tmp_path: Path) -> None:
    """While the engine is away one run at a time is tried; later all of them are done."""
    async with Office(tmp_path) as office:
        office.engine.away = True
        async with office.at_work():
            queued = [await office.queued()]
            await office.told(1)
            queued += [await office.queued() for _ in range(2)]
            await office.told(3)
        office.engine.away = False
        assert [turn.status for turn in office.turns] == ["held"] * 3
        assert office.engine.most == 1
        office.time.advance(max(back_off(run_id, tries=1) for run_id in queued))

        assert await office.work() == ["done"] * 3


async def test_no_outage_of_the_engine_is_too_long(tmp_path: Path) -> None:
    """However often a run was tried in vain meanwhile, it goes on when the engine is back."""
    async with Office(tmp_path) as office:
        office.engine.away = True
        run_id = await office.queued()
        for tries in range(1, 2 * Pace().attempts):
            assert await office.work() == ["held"]
            office.time.advance(back_off(run_id, tries=tries))
        office.engine.away = False

        assert await office.work() == ["done"]


async def test_a_request_that_the_engine_never_answers_ends_dead(
    tmp_path: Path,
) -> None:
    """The engine is there and decides about others, so each try counts, and there is a last one."""
    async with Office(tmp_path) as office:
        office.engine.baffling = frozenset({"file"})
        run_id = await office.queued()
        for tries in range(Pace().attempts):
            assert await office.work() == ["held"]
            office.time.advance(back_off(run_id, tries=tries + 1))

        assert await office.work() == ["dead"]
        assert office.desk.done == []


async def test_a_claim_that_the_database_cut_off_is_ended_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker records what it could not: the run is held, for an outage and no other reason."""
    monkeypatch.setattr(sqlite, "WAIT_S", 0.1)
    async with Office(tmp_path) as office:
        office.desk.go.clear()
        run_id = await office.queued()
        async with office.at_work():
            await office.desk.entered.wait()
            with closing(sqlite3.connect(tmp_path / "interlock.db")) as other:
                other.execute("BEGIN IMMEDIATE")
                office.desk.go.set()
                await office.told(2)
                assert (await office.runs.read(run_id)).status == "running"
            await office.queued()
            await office.told(3)

        assert [turn.status for turn in office.turns] == ["held", "held", "done"]
        cut = text("SELECT status, tries, outages FROM run WHERE id = :id")
        row = await office.store.read(lambda tx: tx.execute(cut, {"id": run_id}).one())
        assert tuple(row) == ("held", 1, 1)
        assert (await office.verify()).problems == []


async def test_a_run_that_breaks_off_ends_no_worker(tmp_path: Path) -> None:
    """The agent's defect fails its own run; the others are carried on."""
    async with Office(tmp_path) as office:
        for agent in ("breaker", "clerk", "breaker"):
            await office.queued(agent)

        assert sorted(await office.work()) == ["done", "failed", "failed"]


def test_the_command_carries_on_what_was_queued(
    home: Path, command: Callable[..., Any], contract: Path
) -> None:
    """A run is left to workers, and one of them takes it; the line and the exit code say how."""
    request = ("--set", f"path={contract}", "--set", "notify=[]")
    queued = command(
        home, "run", "start", "contract_review", *request, "--queue", "--json"
    )
    worked = command(home, "worker", "--until-idle", "--json")

    assert (queued.code, queued.value["status"]) == (0, "queued")
    assert worked.code == 0, worked.err
    assert worked.value["run_id"] == queued.value["run_id"]
    assert worked.value["status"] == "done"
    assert command(home, "audit", "verify", "--state").code == 0


def test_a_signal_ends_an_idle_worker_well(
    home: Path, command: Callable[..., Any]
) -> None:
    """SIGTERM drains: with nothing under way the worker ends at once, with exit code 0."""
    ended = threading.Event()

    def signals() -> None:
        while not ended.wait(0.5):
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    thread = threading.Thread(target=signals, daemon=True)
    thread.start()
    try:
        ran = command(home, "worker", "--concurrency", "2")
    finally:
        ended.set()
        thread.join()
        signal.signal(signal.SIGTERM, before)

    assert (ran.code, ran.out) == (0, "")


def test_a_worker_needs_a_person_who_may_start_one(
    home: Path, command: Callable[..., Any]
) -> None:
    """Whoever may not start a worker starts none, and the refusal is in the ledger."""
    (home / "people.yaml").write_text("people:\n- {id: ana, roles: [analyst]}\n")
    ran = command(home, "worker", "--once", "--as", "ana", "--json")

    assert ran.code == 4
    assert json.loads(ran.err)["error"]["code"] == "not_granted"


def test_shares_are_settings(home: Path, command: Callable[..., Any]) -> None:
    """A tenant's weight stands in the file; what is no weight is refused with its place."""
    file = home / "interlock.toml"
    file.write_text('home = "h"\n[tenants.acme]\nweight = 0\n', "utf-8")
    ran = command(None, "--workspace", str(home), "worker", "--once")

    assert ran.code == 2
    assert "weight" in ran.err or "tenants" in ran.err
