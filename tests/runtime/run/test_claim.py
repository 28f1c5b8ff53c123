"""Claims: one taking-over of a run each; a live one is left alone, and a stale one does no harm."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph import START, MessagesState, StateGraph
from sqlalchemy import insert, select, update

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import AnyTool, tool
from interlock.runtime.errors import BadInput, Fenced
from interlock.runtime.graph.node import ToolNode
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Resource
from interlock.runtime.record.store import tables
from interlock.runtime.run import runs
from interlock.runtime.run.claim import give_back, machine, may_live, take, taker
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.run import LEASE_S, check
from interlock.runtime.testing import FixedClock, Note, World, tampering


@dataclass(kw_only=True)
class Slow:
    """A tool whose one effect takes as long as the test says."""

    acted: list[str] = field(default_factory=list)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    def tool(self) -> AnyTool:
        """Return the tool."""

        @tool(
            "pay",
            action="irreversible",
            resource=lambda a: Resource(type="account", id=""),
        )
        async def act(permit: Permit, arguments: Note) -> Note:
            """Pay, when the test lets it."""
            self.acted.append(arguments.text)
            self.entered.set()
            await self.go.wait()
            return arguments

        return act


class Payer:
    """An agent with one call."""

    name = "payer"

    def build(self, door: Door) -> Any:
        """Return the graph of one node."""
        node = ToolNode(door, tools=["pay"])

        async def act(state: MessagesState) -> dict[str, Any]:
            return await node.act(
                {"type": "tool_call", "name": "pay", "args": {"text": "x"}, "id": "1"}
            )

        graph = StateGraph(MessagesState)
        graph.add_node("act", act)
        graph.add_edge(START, "act")
        return graph

    def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
        """Return nothing."""
        return {}


async def states(world: World) -> list[str]:
    """Return the state of every recorded action."""
    query = select(tables.action.c.state)
    return await world.store.read(
        lambda connection: list(connection.execute(query).scalars())
    )


async def expire(world: World) -> None:
    """Let the lease of every claim be over, by the clock of either database."""
    over = update(tables.run).values(lease_until=0)
    await world.store.write(lambda tx: tx.connection.execute(over))


async def test_a_live_run_is_not_claimed_again_in_its_own_process(
    tmp_path: Path, database_url: str
) -> None:
    """While a driver is at work, a second claim is refused; the effect happens once and is
    recorded.
    """
    slow = Slow()
    async with World(tmp_path / "home", tools=[slow.tool()], url=database_url) as world:
        run = await world.start()
        driving = asyncio.create_task(world.driver.drive(run, Payer()))
        await slow.entered.wait()
        with pytest.raises(BadInput) as refused:
            await world.runs.claim(run.id)
        slow.go.set()
        ended = await driving

        assert refused.value.code == "claimed"
        assert (ended.status, slow.acted) == ("done", ["x"])
        assert await states(world) == ["done"]
        assert (await world.verify()).problems == []


async def test_a_tool_that_blocks_the_event_loop_keeps_its_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lease is extended while nothing else of the process runs, and nothing goes on once the
    store is closed.
    """
    monkeypatch.setattr(runs, "BEAT_S", 0.02)
    clock, leases = FixedClock(), list[int]()

    @tool("pay", action="irreversible")
    async def act(permit: Permit, arguments: Note) -> Note:
        """Pay, and let nothing else happen until the lease was extended."""
        clock.advance(40)
        until = time.monotonic() + 10
        with closing(sqlite3.connect(tmp_path / "interlock.db")) as connection:
            while time.monotonic() < until and (not leases or leases[-1] < clock.now):
                time.sleep(0.01)  # noqa: ASYNC251 - on purpose
                leases.extend(
                    connection.execute("SELECT lease_until FROM run").fetchone()
                )
        return arguments

    async with World(tmp_path, tools=[act], clock=clock) as world:
        run = await world.start()
        ended = await world.driver.drive(run, Payer())

    assert ended.status == "done"
    assert leases[-1] == clock.now + LEASE_S
    assert "interlock-pulse" not in [thread.name for thread in threading.enumerate()]


async def test_a_stale_claim_is_fenced_and_the_next_one_records_what_became_of_its_effect(
    tmp_path: Path, database_url: str
) -> None:
    """After the lease two drivers are at work in one process: the stale one is fenced, the effect
    happens once, and the next one records that nobody knows what became of it.
    """
    slow = Slow()
    async with World(tmp_path / "home", tools=[slow.tool()], url=database_url) as world:
        run = await world.start()
        stale = asyncio.create_task(world.driver.drive(run, Payer()))
        await slow.entered.wait()
        await expire(world)
        fresh = await world.runs.claim(run.id)
        driving = asyncio.create_task(world.driver.drive(fresh, Payer()))
        await asyncio.sleep(0.05)
        slow.go.set()
        with pytest.raises(Fenced):
            await stale
        ended = await driving

        assert (ended.status, slow.acted) == ("done", ["x"])
        assert await states(world) == ["unknown"]
        outcomes = [
            entry for entry in await world.entries() if entry["event"] == "outcome"
        ]
        assert [entry["state"] for entry in outcomes] == ["unknown"]
        assert (await world.verify()).problems == []


def test_a_claim_of_this_process_lives_until_it_is_given_back() -> None:
    """What this process holds is alive, and dead from the moment it was given back."""
    token = take()
    before = may_live(token, owner=taker())
    give_back(token)

    assert (before, may_live(token, owner=taker())) == (True, False)


async def test_a_claim_of_another_process_lives_as_long_as_that_process() -> None:
    """On this machine the process itself says so; of another machine, and of a process of the same
    number in another container, nobody here can tell.
    """
    process = await asyncio.create_subprocess_exec("sleep", "60")
    owner = f"{machine()}:{process.pid}:00000000"
    before = may_live("0", owner=owner)
    process.kill()
    await process.wait()

    assert (before, may_live("0", owner=owner)) == (True, False)
    assert may_live("0", owner=f"elsewhere:{process.pid}:00000000")
    assert may_live("0", owner=f"{machine()}:{os.getpid()}:00000000")


def test_processes_with_numbers_of_their_own_are_on_machines_of_their_own(
    tmp_path: Path,
) -> None:
    """One host name stands for another machine in each namespace of processes and after each boot,
    and for one and the same machine otherwise.
    """
    (here, again, contained, booted) = (
        machine(_proc(tmp_path / name, boot=boot, namespace=namespace))
        for name, boot, namespace in (
            ("here", "b1", 1),
            ("again", "b1", 1),
            ("contained", "b1", 2),
            ("booted", "b2", 1),
        )
    )

    assert here == again
    assert len({here, contained, booted, machine(tmp_path / "no proc")}) == 4


def _proc(folder: Path, *, boot: str, namespace: int) -> Path:
    """Make a folder with what a kernel tells a process of its boot and its namespace."""
    random = folder / "sys" / "kernel" / "random"
    random.mkdir(parents=True)
    (random / "boot_id").write_text(boot)
    (folder / "self" / "ns").mkdir(parents=True)
    (folder / "self" / "ns" / "pid").symlink_to(f"pid:[{namespace}]")
    return folder


async def test_the_failure_of_a_dead_claim_does_not_hit_the_next_one(
    tmp_path: Path,
) -> None:
    """What an earlier claim could not write is nothing to the claim that follows it."""
    async with World(tmp_path) as world:
        old = await world.start()
        fresh = await world.reclaim(old)
        world.store.later(old.claim, lambda tx: check(tx, old))
        world.store.later(fresh.claim, lambda tx: check(tx, fresh))
        await world.store.durable(fresh.claim)
        with pytest.raises(Fenced):
            await world.store.durable(old.claim)


async def test_a_claim_that_nobody_waits_for_is_given_back(tmp_path: Path) -> None:
    """Who gives up waiting for a claim leaves no live claim behind: the next one is not refused."""
    async with World(tmp_path) as world:
        run = await world.start()
        world.runs.give_back(run)
        claiming = asyncio.create_task(world.runs.claim(run.id))
        await asyncio.sleep(0)
        claiming.cancel()
        with pytest.raises(asyncio.CancelledError):
            await claiming

        assert (await world.runs.claim(run.id)).fence == 3


async def test_a_run_that_ends_while_it_is_claimed_stays_ended(
    tmp_path: Path, fresh_postgres: str
) -> None:
    """A claim waits for the transaction that ends the run, and is then refused."""
    async with World(tmp_path / "home", url=fresh_postgres) as world:
        run = await world.start()
        world.runs.give_back(run)
        with tampering(world.store) as connection:
            connection.execute(update(tables.run).values(status="done"))
            claiming = asyncio.create_task(world.runs.claim(run.id))
            await asyncio.sleep(0.3)
        with pytest.raises(BadInput) as refused:
            await claiming

    assert refused.value.code == "ended"


async def test_two_processes_engage_one_switch_at_once(
    tmp_path: Path, fresh_postgres: str
) -> None:
    """Stopping what another process stops just now is no failure."""
    async with World(tmp_path / "home", url=fresh_postgres) as world:
        switches = KillSwitches(world.store)
        switch = {"scope": "all", "id": "", "tenant": "@home", "engaged": 1}
        with tampering(world.store) as connection:
            connection.execute(insert(tables.kill_switch), switch)
            engaging = asyncio.create_task(switches.engage("all", "", by="ada"))
            await asyncio.sleep(0.3)
        await engaging

        assert [one.scope for one in await switches.list()] == ["all"]
