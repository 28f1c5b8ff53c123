"""Workers as actors of Ray: placed on any node of a cluster, and started anew when one dies.

Ray is optional (`interlock[ray]`), and a cluster is for whoever may run programs on its machines:
Ray itself asks nobody who he is, so its ports must be closed to everybody else.
"""

import os
from collections.abc import Callable, Mapping
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
_ENGINE: Final = "--engine ray"


def crew_of(
    workspace: Workspace, *, person: str, actors: int, told: Callable[[Turn], None]
) -> Crew:
    """Place so many workers in the cluster that this machine belongs to; blocks.

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
    hands = [_Actor(post.remote(**place)) for _ in range(actors)]
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
    """A hand that is an actor; *actor* is Ray's handle."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    async def work(self, until: Until) -> None:
        """Return when the actor's worker has ended."""
        why: str = await self._actor.work.remote(until)
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
        """Drain the actor's worker."""
        await self._actor.drain.remote()
