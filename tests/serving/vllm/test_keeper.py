"""The keeper of a replica, by a clock that jumps: when it is ready, ended, started anew, failed."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from interlock.serving.vllm.ending import Cause, Ending
from interlock.serving.vllm.keeper import Keeper
from interlock.serving.vllm.model import Patience
from interlock.serving.vllm.probe import Health
from interlock.serving.vllm.restarts import Restarts
from interlock.tools.models.replicas import Replica

BROKE = Ending(cause="broke", detail="exit code 1")
ENDED = Ending(cause="killed", detail="by SIGTERM")


@dataclass
class Jumping:
    """A clock whose sleepers all wake at once, one after the other."""

    moment: float = 0.0

    def now(self) -> float:
        return self.moment

    def date(self) -> int:
        return int(self.moment)

    async def sleep(self, seconds: float) -> None:
        self.moment += seconds
        await asyncio.sleep(0)


@dataclass
class Twin:
    """A server that ends when it is told to, or is deaf to that."""

    deaf: bool = False
    orders: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    ending: Ending = ENDED

    async def wait(self) -> Ending:
        await self.over.wait()
        return self.ending

    def end(self, ending: Ending) -> None:
        self.ending = ending
        self.over.set()

    def terminate(self) -> None:
        self.orders.append("terminate")
        if not self.deaf:
            self.over.set()

    async def kill(self) -> None:
        self.orders.append("kill")
        self.over.set()


@dataclass
class World:
    """One keeper over twins, and all that was heard of it."""

    patience: Patience
    healths: Sequence[Health | Callable[["World"], Health]] = ("answers",)
    starts: Sequence[Twin | Ending] = ()
    under_way_looks: Sequence[int | None] = (0,)
    clock: Jumping = field(default_factory=Jumping)
    heard: list[tuple[float, Replica]] = field(default_factory=list)
    started: list[Twin | Ending] = field(default_factory=list)
    on: dict[str, Callable[["World"], Any]] = field(default_factory=dict)
    asked: int = 0
    looked: int = 0
    said: str = "it answered 400"

    def __post_init__(self) -> None:
        self.keeper = Keeper(
            url="http://127.0.0.1:8000/v1",
            patience=self.patience,
            start=self.start,
            probe=self,
            clock=self.clock,
            told=self.told,
        )

    async def start(self) -> Twin | Ending:
        number = len(self.started)
        server = self.starts[number] if number < len(self.starts) else Twin()
        self.started.append(server)
        return server

    async def health(self) -> Health:
        health = self.healths[min(self.asked, len(self.healths) - 1)]
        self.asked += 1
        return health(self) if callable(health) else health

    async def under_way(self) -> int | None:
        number = min(self.looked, len(self.under_way_looks) - 1)
        self.looked += 1
        return self.under_way_looks[number]

    def told(self, replica: Replica) -> None:
        self.heard.append((self.clock.now(), replica))
        if replica.state in self.on:
            self.on[replica.state](self)

    @property
    def states(self) -> list[str]:
        return [replica.state for _, replica in self.heard]

    @property
    def server(self) -> Twin:
        server = self.started[-1]
        assert isinstance(server, Twin)
        return server

    async def kept(self) -> None:
        async with asyncio.timeout(10):
            await self.keeper.keep()


def stop(world: World) -> Health:
    world.keeper.stop()
    return "answers"


async def test_a_replica_is_ready_once_it_has_generated() -> None:
    """An open port and an overloaded server are not enough to be announced."""
    world = World(
        patience=Patience(),
        healths=["silent", "busy", "answers", stop],
    )
    await world.kept()

    assert world.states == ["starting", "ready", "draining", "stopped"]
    assert world.heard[1][0] >= 2.0


async def test_a_server_that_never_generates_is_started_anew() -> None:
    """Past its time to start, a server is ended and counts as broken."""
    patience = Patience(start_s=5, restarts=1)
    world = World(patience=patience, healths=["silent"])
    await world.kept()

    assert world.states == ["starting", "down", "starting", "failed"]
    assert world.heard[-1][1].why == (
        "late: it has not generated within 5 s; it answered 400"
    )
    assert [server.orders for server in world.started if isinstance(server, Twin)] == [
        ["kill"],
        ["kill"],
    ]


async def test_each_restart_waits_longer_until_there_are_too_many() -> None:
    """Restarts come after 1, 2, 4 ... seconds, and then a person must look."""
    patience = Patience(restarts=4, longest_pause_s=4)
    world = World(patience=patience, starts=[BROKE] * 9)
    await world.kept()
    began = [moment for moment, replica in world.heard if replica.state == "starting"]
    pauses = [after - before for before, after in itertools.pairwise(began)]

    assert pauses == [1, 2, 4, 4]
    assert world.states[-1] == "failed"
    assert world.heard[-1][1].why == "broke: exit code 1"


def test_restarts_long_ago_do_not_count() -> None:
    """A replica that has served for longer than the window begins anew."""
    restarts = Restarts(Patience(restarts=2, restarts_within_s=100))

    assert [restarts.pause(now) for now in (0, 10, 20, 101, 102)] == [
        1,
        2,
        None,
        2,
        None,
    ]


async def test_a_server_that_dies_is_started_anew() -> None:
    """A ready replica whose server ends is down, and ready again later."""

    def die(world: World) -> Health:
        world.server.end(BROKE)
        return "answers"

    world = World(patience=Patience(), healths=["answers", die, "answers", stop])
    await world.kept()

    assert world.states == [
        "starting",
        "ready",
        "down",
        "starting",
        "ready",
        "draining",
        "stopped",
    ]
    assert world.heard[2][1].why == "broke: exit code 1"


async def test_a_hung_server_is_ended_and_started_anew() -> None:
    """So many probes without an answer and without work, one after the other, are a hung server."""
    patience = Patience(silent_probes=3)
    healths: list[Any] = ["answers", *["silent"] * 3, "answers", stop]
    world = World(patience=patience, healths=healths)
    await world.kept()

    assert world.states[1:5] == ["ready", "down", "starting", "ready"]
    assert world.heard[2][1].why.startswith("hung: 3 probes")
    assert isinstance(world.started[0], Twin)
    assert world.started[0].orders == ["kill"]


async def test_a_busy_server_is_not_hung() -> None:
    """A server that works, or says that it is full, is left alone however long."""
    patience = Patience(silent_probes=2)
    healths: list[Any] = ["answers", *["silent", "busy"] * 5, stop]
    world = World(patience=patience, healths=healths)
    await world.kept()

    assert world.states == ["starting", "ready", "draining", "stopped"]


@pytest.mark.parametrize("cause", ["bad_option", "no_weights", "no_program"])
async def test_what_no_restart_mends_is_not_tried_again(cause: Cause) -> None:
    """A server that never was ready, for a reason in the catalogue, fails at once."""
    trouble = Ending(cause=cause, detail="so it is")
    world = World(patience=Patience(), starts=[trouble])
    await world.kept()

    assert world.states == ["starting", "failed"]


async def test_a_replica_is_out_of_rotation_before_its_server_hears_of_the_end() -> (
    None
):
    """While it drains nothing ends it before what it has is over, and the routers have looked."""
    patience = Patience(settle_s=2, drain_s=60)

    def nothing_was_ordered(world: World) -> None:
        assert world.server.orders == []

    world = World(
        patience=patience,
        healths=["answers", stop],
        under_way_looks=[3, 1, 1, 0],
        on={"draining": nothing_was_ordered},
    )
    await world.kept()
    moments = {replica.state: moment for moment, replica in world.heard}

    assert world.states == ["starting", "ready", "draining", "stopped"]
    assert world.looked == 4
    assert world.server.orders == ["terminate"]
    assert moments["stopped"] - moments["draining"] >= 2 + 3 * 0.5


@pytest.mark.parametrize("looks", [[1], [None]])
async def test_what_drains_too_long_is_cut_off(looks: list[int | None]) -> None:
    """A server that never comes to an end, or does not say what it has, is ended in time."""
    patience = Patience(drain_s=10)
    world = World(
        patience=patience,
        healths=["answers", stop],
        starts=[Twin(deaf=True)],
        under_way_looks=looks,
    )
    await world.kept()

    assert world.server.orders == ["terminate", "kill"]
    assert world.states[-1] == "stopped"


async def test_a_replica_that_starts_is_stopped_at_once() -> None:
    """Nothing was sent to it yet, so there is nothing to drain."""
    world = World(patience=Patience(), healths=["silent", stop])
    await world.kept()

    assert world.states == ["starting", "stopped"]
    assert world.server.orders == ["kill"]


async def test_a_replica_that_waits_for_its_restart_is_stopped_at_once() -> None:
    """No server is started for a replica that somebody has stopped."""
    world = World(
        patience=Patience(),
        starts=[BROKE],
        on={"down": lambda world: world.keeper.stop()},
    )
    await world.kept()

    assert world.states == ["starting", "down", "stopped"]
    assert len(world.started) == 1
