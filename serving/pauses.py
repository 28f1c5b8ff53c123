"""Pauses: the runs at work whose job was paused stop after the step that is under way.

A pause lets nothing more of a job be claimed; what is at work already is asked here to stop. A
pause that cannot be read stops nothing, and the next look asks again (fails open: the run goes on
under its own permits, as if nobody had paused).
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from langgraph.runtime import RunControl
from sqlalchemy import Connection, select

from interlock.runtime.errors import InterlockError
from interlock.runtime.record.events import Event
from interlock.runtime.record.store import Store, tables

_RUN: Final = tables.run.c
_TOLD: Final = "job_status"


class Pauses:
    """Looks for pauses while runs are at work; lives as long as one worker.

    What this process commits is seen at once, what another one commits within *every_s*.
    """

    def __init__(self, store: Store, *, every_s: float) -> None:
        self._store = store
        self._every_s = every_s
        self._at_work: dict[str, RunControl] = {}
        self._told = asyncio.Event()
        loop = asyncio.get_running_loop()

        def committed(events: tuple[Event, ...]) -> None:
            if not loop.is_closed() and any(one.event == _TOLD for one in events):
                loop.call_soon_threadsafe(self._told.set)

        store.attach(observers=[committed])

    @contextmanager
    def heeded(self, run_id: str, control: RunControl) -> Iterator[None]:
        """Ask the run to stop by its *control* when its job is paused during the block."""
        self._at_work[run_id] = control
        try:
            yield
        finally:
            del self._at_work[run_id]

    async def watch(self) -> None:
        """Look again and again; never returns."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._told.wait()
            self._told.clear()
            with suppress(InterlockError):
                await self._look()

    async def _look(self) -> None:
        at_work = list(self._at_work)

        def look(connection: Connection) -> list[str]:
            query = select(_RUN.id).where(_RUN.id.in_(at_work), _RUN.paused == 1)
            return list(connection.execute(query).scalars())

        for run_id in await self._store.read(look) if at_work else ():
            control = self._at_work.get(run_id)
            if control is not None:
                control.request_drain()
