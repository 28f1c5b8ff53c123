"""A crew: workers that a cluster has placed are told of, drained and given up as one."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from interlock.runtime.errors import BadInput, GuardFailed
from interlock.serving import ray_crew
from interlock.serving.crew import Crew
from interlock.serving.ray_crew import PLACEMENT, crew_of
from interlock.serving.worker import Turn, Until
from interlock.serving.workspace import Workspace, open_workspace

PATIENCE_S = 20


@dataclass
class Twin:
    """A hand that works until it is drained, breaks off at once, or is deaf to every drain."""

    breaks: bool = False
    deaf: bool = False
    drains: int = 0
    drained: asyncio.Event = field(default_factory=asyncio.Event)
    turns: asyncio.Queue[Turn] = field(default_factory=asyncio.Queue)

    async def work(self, until: Until) -> None:
        if self.breaks:
            raise GuardFailed(guard="hand", why="it broke", next_step="Mend it.")
        await self.drained.wait()

    async def news(self) -> list[Turn]:
        return [await self.turns.get()]

    async def drain(self) -> None:
        if self.deaf:
            await asyncio.Event().wait()
        self.drains += 1
        self.drained.set()


@dataclass
class Actor:
    """An actor of Ray that works until it was drained, and that may have been placed nowhere.

    The first so many *deaths* come after a drain: what was asked is asked again of a new one, which
    knows of no drain.
    """

    placed: bool = True
    deaths: int = 0
    drains: int = 0
    drained: asyncio.Event = field(default_factory=asyncio.Event)
    killed: asyncio.Event = field(default_factory=asyncio.Event)

    def __getattr__(self, name: str) -> Any:
        return SimpleNamespace(remote=getattr(type(self), f"_{name}").__get__(self))

    async def _work(self, _: Until) -> str:
        if self.placed:
            await self.drained.wait()
            return ""
        await self.killed.wait()
        raise ConnectionError("the actor died because it was killed")

    async def _news(self) -> list[Turn]:
        await asyncio.Event().wait()
        return []

    async def _drain(self) -> None:
        if not self.placed:
            await asyncio.Event().wait()
        self.drains += 1
        if self.drains > self.deaths:
            self.drained.set()


@dataclass
class Ray:
    """Ray as far as the crew knows it: its actors are here, and it may have no cluster."""

    away: bool = False
    #: Who is placed, instead of posts
    actors: list[Actor] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    placed: list[dict[str, Any]] = field(default_factory=list)

    def is_initialized(self) -> bool:
        return False

    def init(self, **_: Any) -> None:
        if self.away:
            raise ConnectionError("nothing answers")

    def kill(self, actor: Actor) -> None:
        actor.killed.set()

    def remote(self, **options: Any) -> Callable[[type[Any]], Any]:
        self.options = options
        return lambda kind: SimpleNamespace(
            remote=lambda **place: self._actor(kind, place)
        )

    def _actor(self, kind: type[Any], place: dict[str, Any]) -> Any:
        self.placed.append(place)
        if self.actors:
            return self.actors[len(self.placed) - 1]
        post = kind(**place)
        names = ("work", "news", "drain")
        remote: dict[str, Callable[..., Awaitable[Any]]] = {
            name: getattr(post, name) for name in names
        }
        return SimpleNamespace(
            **{name: SimpleNamespace(remote=call) for name, call in remote.items()}
        )


def ignore(turn: Turn) -> None:
    """Hear of a turn."""


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Ray:
    """The twin, where the library would be."""
    twin = Ray()
    monkeypatch.setitem(sys.modules, "ray", twin)
    return twin


def workspace(folder: Path, *, database: str = "postgresql://host/name") -> Workspace:
    """A workspace whose database is another machine's."""
    file = folder / "interlock.toml"
    file.write_text(f'home = "home"\ndatabase = "{database}"\n')
    people = folder / "home" / "people.yaml"
    people.parent.mkdir(exist_ok=True)
    people.write_text("people:\n- {id: ana, roles: [administrator]}\n")
    return open_workspace({}, place=file)


async def test_a_crew_tells_of_every_turn_and_ends_when_it_is_drained() -> None:
    """What any hand did is heard; after a drain nobody works any more."""
    hands = [Twin(), Twin()]
    heard: list[str] = []
    told = asyncio.Event()

    def hear(turn: Turn) -> None:
        heard.append(turn.run_id)
        if len(heard) == len(hands):
            told.set()

    crew = Crew(hands, told=hear)
    async with asyncio.timeout(PATIENCE_S):
        working = asyncio.create_task(crew.work("stopped"))
        for number, hand in enumerate(hands):
            hand.turns.put_nowait(Turn(run_id=f"{number}", agent="", status="done"))
        await told.wait()
        crew.drain()
        await working

    assert sorted(heard) == ["0", "1"]
    assert [hand.drains for hand in hands] == [1, 1]


async def test_a_hand_that_ends_for_good_ends_the_crew() -> None:
    """The others are drained, and why the one could not work is raised."""
    other = Twin()
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(GuardFailed, match="it broke"):
            await Crew([Twin(breaks=True), other], told=ignore).work("stopped")

    assert other.drained.is_set()


async def test_a_crew_that_is_stopped_waits_for_nobody() -> None:
    """A second signal ends the command, and the engine ends the hands with it."""
    hands = [Twin(), Twin(deaf=True)]
    crew = Crew(hands, told=ignore)
    async with asyncio.timeout(PATIENCE_S):
        working = asyncio.create_task(crew.work("stopped"))
        await asyncio.sleep(0)
        crew.drain()
        await hands[0].drained.wait()
        crew.stop()
        await working


async def test_actors_are_spread_started_anew_and_know_the_place_alone(
    tmp_path: Path, ray: Ray
) -> None:
    """No setting and no secret goes to a node: each reads the workspace that it has."""
    place = workspace(tmp_path)
    crew_of(place, person="ana", actors=3, told=ignore)

    assert ray.options == PLACEMENT
    assert (ray.options["max_restarts"], ray.options["max_task_retries"]) == (-1, -1)
    assert (
        ray.placed
        == [
            {
                "workspace": str(tmp_path / "interlock.toml"),
                "person": "ana",
                "concurrency": place.settings.worker.concurrency,
            }
        ]
        * 3
    )


async def test_an_actor_that_a_drain_does_not_reach_is_ended(
    tmp_path: Path, ray: Ray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One without a place ends; one that is placed, or was placed anew, is drained."""
    monkeypatch.setattr(ray_crew, "_DEAF_S", 0.1)
    monkeypatch.setattr(ray_crew, "_AGAIN_S", 0.01)
    ray.actors = [Actor(), Actor(placed=False), Actor(deaths=2)]
    crew = crew_of(workspace(tmp_path), person="ana", actors=3, told=ignore)
    async with asyncio.timeout(PATIENCE_S):
        working = asyncio.create_task(crew.work("stopped"))
        await asyncio.sleep(0)
        crew.drain()
        await working

    assert [actor.killed.is_set() for actor in ray.actors] == [False, True, False]
    assert ray.actors[2].drained.is_set()


async def test_an_actor_works_for_whom_its_own_machine_lets(
    tmp_path: Path, ray: Ray, database_url: str
) -> None:
    """The people of the node's workspace count, or its machine for nobody; no name is taken for a
    machine, and a node that may not work ends the crew.
    """
    place = workspace(tmp_path)
    names = (None, "ana", "eve", "machine:root", "oidc:ana")
    crews = [crew_of(place, person=name, actors=1, told=ignore) for name in names]
    workspace(tmp_path, database=database_url)
    async with asyncio.timeout(PATIENCE_S):
        await crews[0].work("idle")
        await crews[1].work("idle")
        with pytest.raises(GuardFailed, match="'eve' may not do"):
            await crews[2].work("idle")
        for crew in crews[3:]:
            with pytest.raises(GuardFailed, match="only who is listed"):
                await crew.work("idle")


@pytest.mark.parametrize(
    ("database", "has_file", "has_ray"),
    [
        ("sqlite:///home/x.db", True, True),
        ("postgresql://host/name", False, True),
        ("postgresql://host/name", True, False),
    ],
)
def test_a_cluster_needs_postgresql_a_workspace_and_ray(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    database: str,
    has_file: bool,
    has_ray: bool,
) -> None:
    """Each that is missing is named before anything is placed."""
    twin = Ray()
    monkeypatch.setitem(sys.modules, "ray", twin if has_ray else None)
    place = workspace(tmp_path, database=database)
    if not has_file:
        place = Workspace(file=None, settings=place.settings, origins=place.origins)
    with pytest.raises(BadInput):
        crew_of(place, person="ana", actors=1, told=ignore)

    assert twin.placed == []


def test_without_a_cluster_the_next_step_is_told(tmp_path: Path, ray: Ray) -> None:
    """Nothing is started in its stead: a cluster of one's own would be no cluster."""
    ray.away = True
    with pytest.raises(GuardFailed, match="nothing answers"):
        crew_of(workspace(tmp_path), person="ana", actors=1, told=ignore)
