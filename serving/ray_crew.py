"""Workers as actors of Ray: placed on any node of a cluster, and started anew when one dies.

Ray is optional (`interlock[ray]`), and a cluster is for whoever may run programs on its machines:
Ray itself asks nobody who he is, so its ports must be closed to everybody else.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

from interlock.runtime.errors import BadInput, GuardFailed
from interlock.runtime.record.store.writer import reason
from interlock.serving.crew import Crew
from interlock.serving.post import Post
from interlock.serving.worker import Turn, Until
from interlock.serving.workspace import Workspace

#: How Ray treats a post: anywhere, spread, started anew for ever, and what was asked asked again
PLACEMENT: Final[Mapping[str, Any]] = {
    "num_cpus": 1,
    "scheduling_strategy": "SPREAD",
    "max_restarts": -1,
    "max_task_retries": -1,
}
#: Seconds in which an actor must hear that it is drained, and after which it is told so again
_DEAF_S: Final = 30.0
_AGAIN_S: Final = 5.0
_ENGINE: Final = "--engine ray"


def crew_of(
    workspace: Workspace,
    *,
    person: str | None,
    actors: int,
    told: Callable[[Turn], None],
) -> Crew:
    """Place so many workers in the cluster that this machine belongs to; blocks.

    Each acts for *person*, or without one for the machine that it is on.

    Raises `BadInput` for a workspace that no other machine can open and where Ray is missing,
    `GuardFailed` where there is no cluster.
    """
    settings = workspace.settings
    if workspace.file is None:
        raise BadInput(
            what=_ENGINE,
            why="there is no workspace that the nodes could open",
            next_step="Make one with `interlock init`, under the same path on every node.",
        )
    if settings.database.startswith("sqlite"):
        raise BadInput(
            what=_ENGINE,
            why="the database is a file of this machine, which other machines cannot open",
            next_step="Set `database` to a PostgreSQL, or start workers without --engine.",
        )
    ray = _library()
    _join(ray)
    post = ray.remote(**PLACEMENT)(Post)
    place = {
        "workspace": str(workspace.file.resolve()),
        "person": person,
        "concurrency": settings.worker.concurrency,
    }
    hands = [_Actor(ray, post.remote(**place)) for _ in range(actors)]
    return Crew(
        hands,
        told=told,
    )


def _library() -> Any:
    # Nothing about this use of Ray is sent to its makers.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        return import_module("ray")
    except ModuleNotFoundError as error:
        raise BadInput(
            what=_ENGINE,
            why="the package is missing",
            next_step="Install it with pip install 'interlock[ray]', on every node.",
        ) from error


def _join(ray: Any) -> None:
    if ray.is_initialized():
        return
    try:
        ray.init(
            address="auto",
            log_to_driver=False,
            logging_level="ERROR",
        )
    except (ConnectionError, OSError, RuntimeError) as error:
        raise GuardFailed(
            guard="ray",
            why=reason(error),
            next_step="Start a cluster (`ray start --head`), or name one in RAY_ADDRESS.",
        ) from error


class _Actor:
    """A hand that is an actor; *actor* is Ray's handle.

    An actor that does not hear of its drain, because no node has a place for it or its node is
    gone, is ended: it has no run that a worker would end the steps of, or one that others take up.
    """

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray = ray
        self._actor = actor
        self._ended = asyncio.Event()
        self._is_killed = False

    async def work(self, until: Until) -> None:
        """Return when the actor's worker has ended."""
        try:
            why: str = await self._actor.work.remote(until)
        except Exception:
            if not self._is_killed:
                raise
            return
        finally:
            self._ended.set()
        if why:
            raise GuardFailed(
                guard="worker on a node of Ray",
                why=why.removesuffix("."),
                next_step="The node must have the same workspace as this machine.",
            )

    async def news(self) -> list[Turn]:
        """Return the turns since the last call."""
        turns: list[Turn] = await self._actor.news.remote()
        return turns

    async def drain(self) -> None:
        """Drain the actor's worker, also where it is started anew meanwhile; or end the actor."""
        while not self._ended.is_set():
            try:
                async with asyncio.timeout(_DEAF_S):
                    await self._actor.drain.remote()
            except TimeoutError:
                self._is_killed = True
                self._ray.kill(self._actor)
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_S):
                    await self._ended.wait()
