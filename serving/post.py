"""A post: what one worker of a crew runs in a process of the cluster's, on any machine.

A post reads the workspace of its own machine: the folder of keys, the people and the settings must
be there, under the same path. Only that path and the name of a person reach it from elsewhere.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

from interlock.runtime.errors import BadInput, InterlockError
from interlock.runtime.policy.request import Principal
from interlock.serving import arrival, people
from interlock.serving.home import opened
from interlock.serving.operations.workers import hired
from interlock.serving.policy.in_force import in_force, roles
from interlock.serving.settings import Settings
from interlock.serving.worker import Turn, Until, Worker
from interlock.serving.workspace import open_workspace


class Post:
    """One worker at its place; lives as long as its process."""

    def __init__(self, *, workspace: str, person: str | None, concurrency: int) -> None:
        self._workspace = Path(workspace)
        self._person = person
        self._concurrency = concurrency
        self._turns: asyncio.Queue[Turn] = asyncio.Queue()
        self._worker: Worker | None = None
        self._drained = asyncio.Event()

    async def work(self, until: Until) -> str:
        """Work until drained, and return why the worker could not, or nothing.

        A text and no exception: an error of ours may not survive the way to another process. A
        database that is away is waited for; see `arrival`.
        """
        for seconds in arrival.pauses():
            try:
                await self._work(until)
            except InterlockError as error:
                if self._worker is not None or not arrival.may_pass(error):
                    return str(error)
                why = arrival.told(error, seconds)
                self._turns.put_nowait(
                    Turn(run_id="", agent="", status="held", why=why)
                )
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._drained.wait()
            if self._worker is not None or self._drained.is_set():
                break
        return ""

    async def _work(self, until: Until) -> None:
        chosen = {"worker.concurrency": str(self._concurrency)}
        settings = open_workspace(place=self._workspace, chosen=chosen).settings
        who = _starter(settings, self._person)
        async with opened(settings) as home:
            told = self._turns.put_nowait
            self._worker = await hired(home, person=who, told=told)
            if not self._drained.is_set():
                await self._worker.work(until)

    async def news(self) -> list[Turn]:
        """Wait for a turn that ended, and return those since the last call."""
        turns = [await self._turns.get()]
        while not self._turns.empty():
            turns.append(self._turns.get_nowait())
        return turns

    async def drain(self) -> None:
        """Claim nothing more, and end the steps that are under way."""
        self._drained.set()
        if self._worker is not None:
            self._worker.drain()


def _starter(settings: Settings, name: str | None) -> Principal:
    """Return who placed the crew: somebody who is listed, or without a name this node's machine.

    A name is never taken for a machine. `BadInput` for a name that nobody listed can have, such as
    that of somebody of an issuer: no node knows the roles of theirs (fails closed).
    """
    if name is None:
        return people.machine(tenant=settings.tenant)
    if people.is_unlisted(name):
        raise BadInput(
            what=f"a crew for {name!r}",
            why="the nodes know only who is listed",
            next_step="Start the crew as somebody who is listed, or as nobody.",
        )
    return people.principal(
        settings.people,
        name,
        tenant=settings.tenant,
        roles=roles(in_force(settings)),
    )
