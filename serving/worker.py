"""A worker: carries many runs on in one process, from the queue, until it is told to stop.

A worker claims for the system, not for a person: what each run may do was settled when a person
started the run, and is decided anew at the door. A worker that is drained claims nothing more, lets
each run stop after the step that is under way, and leaves the runs queued for the next worker. So
does a single run whose job was paused.
"""

import asyncio
import random
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from langgraph.runtime import RunControl

from interlock.runtime.canonical import Json
from interlock.runtime.errors import (
    Fenced,
    GuardFailed,
    InterlockError,
    NotRecorded,
    Tampered,
)
from interlock.runtime.record.events import Event
from interlock.runtime.run.pin import digest_of
from interlock.runtime.run.queue import Claimed, Queue
from interlock.runtime.run.run import Run, Status
from interlock.runtime.run.share import Share
from interlock.runtime.run.turn import WAKING
from interlock.runtime.runtime import Runtime
from interlock.serving.fleet import Pace
from interlock.serving.pauses import Pauses

#: How long a worker goes on: for good, until nothing is ready, or for what it claims at first
Until: TypeAlias = Literal["stopped", "idle", "once"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What became of one run in one turn."""

    run_id: str
    agent: str
    #: The run's status; "fenced" when another worker has the run, "refused" when it was changed
    status: Status | Literal["fenced", "refused"]
    #: Why it did not go on, for people
    why: str = ""
    #: What the agent says stopped it
    stopped: Json = None


class Chore(Protocol):
    """What a worker does beside the runs."""

    @property
    def defects(self) -> int:
        """How many defects it met so far and went on after."""
        ...

    async def work(self) -> None:
        """Work until cancelled."""

    async def settle(self) -> None:
        """Do what there is to do now, and return."""


class Worker:
    """One worker over one runtime; *told* hears of every turn that ended.

    A chore that breaks ends the worker, so that nobody takes the chore for done.

    While a run was held last, only one run at a time is tried: what all of them depend on may be
    away.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        pace: Pace,
        shares: Mapping[str, Share],
        told: Callable[[Turn], None],
        chores: Sequence[Chore] = (),
    ) -> None:
        self._chores = chores
        self._broken: BaseException | None = None
        self._runtime = runtime
        self._pace = pace
        self._told = told
        self._queue = Queue(
            store=runtime.store,
            vault=runtime.vault,
            by=name(),
            shares=shares,
            attempts=pace.attempts,
        )
        self._pauses = Pauses(runtime.store, every_s=pace.poll_ms / 1000)
        self._controls: dict[asyncio.Task[None], RunControl] = {}
        self._wake = asyncio.Event()
        self._draining = False
        self._probing = False
        #: Claims whose end could not be recorded, and why
        self._unended: list[tuple[Run, str]] = []
        self._loop = asyncio.get_running_loop()

        def committed(events: tuple[Event, ...]) -> None:
            if any(one.event in WAKING for one in events):
                self._rouse()

        runtime.store.attach(observers=[committed])

    @property
    def defects(self) -> int:
        """How many defects its chores met so far and went on after."""
        return sum(chore.defects for chore in self._chores)

    def drain(self) -> None:
        """Claim nothing more, and stop every run after the step that is under way."""
        self._draining = True
        for control in self._controls.values():
            control.request_drain()
        self._wake.set()

    def stop(self) -> None:
        """Stop at once: what is under way is left held."""
        self.drain()
        for task in self._controls:
            task.cancel()

    async def work(self, until: Until) -> None:
        """Claim and carry on runs; returns when all that were begun have come to rest.

        Raises what keeps runs from being claimed, but goes on looking when it is to work for good
        and the database was only away.
        """
        beside = [asyncio.create_task(self._pauses.watch())]
        if until == "stopped":
            beside += [asyncio.create_task(chore.work()) for chore in self._chores]
        for task in beside:
            task.add_done_callback(self._beside_ended)
        try:
            with self._runtime.store.bell.listening(self._rouse):
                await self._work(until)
            if until != "stopped":
                for chore in self._chores:
                    await chore.settle()
        finally:
            for task in beside:
                task.cancel()
            self.stop()
            await asyncio.gather(*self._controls, *beside, return_exceptions=True)
        if self._broken is not None:
            raise self._broken

    def _beside_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._broken = task.exception()
            self.drain()

    async def _work(self, until: Until) -> None:
        while not self._draining:
            self._wake.clear()
            claimed = await self._claimed(until)
            if until == "once" or (until == "idle" and not self._is_busy(claimed)):
                break
            await self._rest(claimed)
        while self._controls:
            await asyncio.wait(self._controls)

    def _rouse(self) -> None:
        """Let the worker look at the queue; any thread may say so."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake.set)

    def _is_busy(self, claimed: Claimed) -> bool:
        return bool(self._controls or claimed.runs or claimed.dead)

    async def _claimed(self, until: Until) -> Claimed:
        places = 1 if self._probing else self._pace.concurrency
        free = places - len(self._controls)
        if free <= 0:
            return Claimed()
        try:
            await self._leave()
            claimed = await self._queue.claim(await self._pinned(), most=free)
        except NotRecorded as error:
            if until != "stopped":
                raise
            self._told(Turn(run_id="", agent="", status="held", why=str(error)))
            return Claimed()
        self._begin(claimed)
        return claimed

    async def _leave(self) -> None:
        """Record what could not be recorded while the database was away: no run is at fault."""
        while self._unended:
            with suppress(Tampered):  # the look at the queue meets the log as it is
                await self._runtime.runs.leave(*self._unended[0])
            self._unended.pop(0)

    def _begin(self, claimed: Claimed) -> None:
        for run_id in claimed.dead:
            self._told(Turn(run_id=run_id, agent="", status="dead"))
        for run_id, error in claimed.refused.items():
            self._told(Turn(run_id=run_id, agent="", status="refused", why=str(error)))
        for run in claimed.runs:
            control = RunControl()
            if self._draining:
                control.request_drain()
            task = asyncio.create_task(self._carry(run, control))
            self._controls[task] = control
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._controls[task]
        self._wake.set()

    async def _carry(self, run: Run, control: RunControl) -> None:
        turn = await self._turn(run, control)
        self._probing = turn.status == "held"
        self._told(turn)

    async def _turn(self, run: Run, control: RunControl) -> Turn:
        """Return what became of the run; no error of one run ends the worker."""
        status: Status | Literal["fenced"] = "failed"
        why = ""
        stopped: Json = None
        try:
            with self._pauses.heeded(run.id, control):
                ended = await self._runtime.drive(run, control=control)
            status = ended.status
            why = str(ended.outcome.get("error") or "")
            stopped = ended.outcome.get("stopped")
        except Fenced:
            status = "fenced"
        except NotRecorded as error:
            status = "held"
            why = str(error)
            self._unended.append((run, why))
        except InterlockError as error:
            why = str(error)
        return Turn(
            run_id=run.id,
            agent=run.agent,
            status=status,
            why=why,
            stopped=stopped,
        )

    async def _rest(self, claimed: Claimed) -> None:
        """Wait for what may change something: a commit, the end of a run, or some time."""
        if claimed.dead or claimed.refused:
            return
        seconds = self._pace.poll_ms / 1000 * random.uniform(0.75, 1.25)  # noqa: S311 - so that workers do not look all at once
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _pinned(self) -> list[str]:
        """Return the pins of every agent whose tools can be had now."""
        pinned = []
        for agent in self._runtime.agents:
            try:
                pins = await self._runtime.pins(agent)
            except Tampered:
                raise
            except GuardFailed:
                continue  # its servers are away: its runs wait
            pinned.append(digest_of(agent, revision=pins.revision, others=pins.others))
        return pinned


def name() -> str:
    """Return the name under which this process claims."""
    return f"worker:{socket.gethostname()}"
