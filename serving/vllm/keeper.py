"""The keeper of one replica: starts its server, probes, watches, drains, starts it anew."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from interlock.serving.vllm.clock import Clock
from interlock.serving.vllm.ending import HOPELESS, Ending
from interlock.serving.vllm.model import Patience
from interlock.serving.vllm.probe import Probe
from interlock.serving.vllm.restarts import Restarts
from interlock.serving.vllm.server import Server
from interlock.tools.models.replicas import Replica, State

#: Starts a server, or says why there is none
Start: TypeAlias = Callable[[], Awaitable[Server | Ending]]
#: Between two looks at what a draining server still has
_LOOK_S: Final = 0.5


class Keeper:
    """Keeps one replica until somebody stops it or it has failed.

    It is *told* as ready after its server has generated, never because a port is open (fails
    closed), and as draining before its server hears of an end: a server of vLLM that drains says
    that it is well, and answers new requests with an error.
    """

    def __init__(
        self,
        *,
        url: str,
        patience: Patience,
        start: Start,
        probe: Probe,
        clock: Clock,
        told: Callable[[Replica], None],
    ) -> None:
        self._url = url
        self._patience = patience
        self._start = start
        self._probe = probe
        self._clock = clock
        self._told = told
        self._stopping = asyncio.Event()
        self._was_ready = False

    def stop(self) -> None:
        """Have the replica drained and its server ended; not awaited, and for good."""
        self._stopping.set()

    async def keep(self) -> None:
        """Return when the replica is stopped or failed; its server has ended then."""
        restarts = Restarts(self._patience)
        while True:
            trouble = await self._served()
            if trouble is None:
                self._tell("stopped")
                return
            is_hopeless = trouble.cause in HOPELESS and not self._was_ready
            pause = None if is_hopeless else restarts.pause(self._clock.now())
            if pause is None:
                self._tell("failed", str(trouble))
                return
            self._tell("down", str(trouble))
            await self._first(self._clock.sleep(pause), self._stopping.wait())
            if self._stopping.is_set():
                self._tell("stopped")
                return

    async def _served(self) -> Ending | None:
        """Keep one server until its end; return why it ended, or None where it was to stop."""
        self._tell("starting")
        server = await self._start()
        if isinstance(server, Ending):
            return server
        ended = asyncio.ensure_future(server.wait())
        try:
            trouble = await self._ready(ended)
            if trouble is None and not self._stopping.is_set():
                self._was_ready = True
                self._tell("ready")
                trouble = await self._watched(ended)
                if trouble is None:
                    await self._drained(server, ended)
            return trouble
        finally:
            if not ended.done():
                await server.kill()
            await ended

    async def _ready(self, ended: "asyncio.Future[Ending]") -> Ending | None:
        """Return None once the server has generated, or somebody stops the replica."""
        patience = self._patience
        latest = self._clock.now() + patience.start_s
        while True:
            health = await self._first(
                self._probe.health(), ended, self._stopping.wait()
            )
            if ended.done():
                return ended.result()
            if health == "answers" or self._stopping.is_set():
                return None
            if self._clock.now() >= latest:
                limit = f"it has not generated within {patience.start_s:g} s"
                detail = f"{limit}; {self._probe.said}"
                return Ending(cause="late", detail=detail)
            await self._paused(min(1.0, patience.probe_every_s), ended)

    async def _watched(self, ended: "asyncio.Future[Ending]") -> Ending | None:
        """Return why the server is no good any more, or None when the replica is to stop."""
        patience = self._patience
        silent = 0
        while True:
            await self._paused(patience.probe_every_s, ended)
            health = await self._first(
                self._probe.health(), ended, self._stopping.wait()
            )
            if ended.done():
                return ended.result()
            if self._stopping.is_set():
                return None
            silent = silent + 1 if health == "silent" else 0
            if silent >= patience.silent_probes:
                detail = f"{silent} probes without an answer; {self._probe.said}"
                return Ending(cause="hung", detail=detail)

    async def _drained(self, server: Server, ended: "asyncio.Future[Ending]") -> None:
        """Let the server end what it has, and then itself; what takes too long is cut off."""
        self._tell("draining")
        patience = self._patience
        latest = self._clock.now() + patience.drain_s
        await self._first(self._clock.sleep(patience.settle_s), ended)
        while not ended.done() and self._clock.now() < latest:
            if await self._first(self._probe.under_way(), ended) == 0:
                break
            await self._first(self._clock.sleep(_LOOK_S), ended)
        server.terminate()
        await self._first(self._clock.sleep(patience.drain_s), ended)

    async def _paused(self, seconds: float, ended: "asyncio.Future[Ending]") -> None:
        await self._first(self._clock.sleep(seconds), ended, self._stopping.wait())

    async def _first(self, wanted: Awaitable[Any], *others: Awaitable[Any]) -> Any:
        """Return what *wanted* gives, or None where one of the others is over before it."""
        asked = asyncio.ensure_future(wanted)
        waited = [asyncio.ensure_future(other) for other in others]
        await asyncio.wait({asked, *waited}, return_when=asyncio.FIRST_COMPLETED)
        given = asked.result() if asked.done() else None
        for task, source in zip((asked, *waited), (wanted, *others), strict=True):
            # A future that was handed in is somebody else's.
            if task is not source:
                task.cancel()
        return given

    def _tell(self, state: State, why: str = "") -> None:
        self._told(
            Replica(
                url=self._url,
                state=state,
                since=self._clock.date(),
                why=why,
            )
        )
