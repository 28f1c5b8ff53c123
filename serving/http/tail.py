"""Tails: the ends of the tenants' logs, each followed once however many listen.

A commit of this process wakes the tails of its logs, and the bell may tell of other processes'. A
tail also looks once a second while somebody listens: not every commit rings.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import orjson
from sqlalchemy import Connection, select

from interlock.runtime.errors import GuardFailed, InterlockError
from interlock.runtime.record import logs
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.events import Event
from interlock.runtime.record.store import Store, tables
from interlock.runtime.run.run import OPEN
from interlock.serving.beat import Beat

#: Entries that are read at a time, and that a listener may be behind before it is let go: it comes
#: back and goes on where it was
_PAGE: Final = 500
_BEHIND: Final = 1_000
_LOOK_S: Final = 1.0
#: Seconds between two signs of life of a stream
HEARTBEAT_S: Final = 15.0
BEAT: Final = b": still here\n\n"
_ENTRIES: Final = tables.ledger_entry.c
_COLUMNS: Final = (_ENTRIES.seq, _ENTRIES.run_id, _ENTRIES.event, _ENTRIES.body)
#: What of a body is for the ledger's own proof
_PROOF: Final = frozenset({"v", "origin", "signed", "prev", "payload", "sealed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One entry as every listener is sent it."""

    seq: int
    sent: bytes
    #: No entry of the run follows that a listener waits for
    is_last: bool


@dataclass(eq=False, kw_only=True, slots=True)
class _Listener:
    """Who listens to one run."""

    frames: asyncio.Queue[Frame | None] = field(
        default_factory=lambda: asyncio.Queue(_BEHIND)
    )

    def put(self, frame: Frame | None) -> bool:
        """Take a frame, or None for the end; False when the listener is too far behind."""
        try:
            self.frames.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        return True


class Tails:
    """The tails of one home; made in the loop in which they are followed, and ended by `close`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._tails: dict[str, _Tail] = {}
        self._is_closed = False
        self._listening = ExitStack()
        self._listening.enter_context(store.bell.listening(self._rung))
        store.attach(observers=[self._committed])

    async def frames(
        self,
        log: str,
        run_id: str,
        *,
        after: int,
        allowed: Callable[[], Awaitable[None]],
    ) -> AsyncIterator[bytes]:
        """Yield the entries of the run that follow the one numbered *after*, as they come.

        Ends with the run, when the listener is too far behind, and with `close`. *allowed* is
        awaited at every heartbeat, however busy the run is: what it raises ends the stream.
        """
        store = self._store.of(log)
        tail = self._tails.setdefault(log, _Tail(store, log))
        try:
            async with tail.listening(run_id) as listener:
                before = partial(
                    _of_run,
                    log=log,
                    run_id=run_id,
                    after=after,
                )
                for frame in await store.read(before):
                    yield frame.sent
                    after = frame.seq
                    if frame.is_last:
                        return
                beat = Beat(HEARTBEAT_S)
                while not self._is_closed:
                    try:
                        coming = await beat.before(listener.frames)
                    except TimeoutError:
                        yield BEAT
                        await allowed()
                        continue
                    if coming is None:
                        return
                    if coming.seq > after:
                        yield coming.sent
                    if coming.is_last:
                        return
        except InterlockError:
            return

    async def is_over(self, log: str, run_id: str, *, after: int) -> bool:
        """Whether the run has ended and nothing follows the entry numbered *after*."""

        def look(connection: Connection) -> bool:
            query = select(tables.run.c.status).where(tables.run.c.id == run_id)
            status = connection.execute(query).scalar_one_or_none()
            rest = _of_run(
                connection,
                log=log,
                run_id=run_id,
                after=after,
            )
            return status not in OPEN and not rest

        return await self._store.of(log).read(look)

    def close(self) -> None:
        """End every stream; idempotent."""
        self._is_closed = True
        for tail in self._tails.values():
            tail.close()
        self._listening.close()

    def _committed(self, events: tuple[Event, ...]) -> None:
        """Wake the tails of the logs; called on a thread of the writer."""
        named = {event.log for event in events}.intersection(self._tails)
        if named and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, named)

    def _rung(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, set(self._tails))

    def _wake(self, named: set[str]) -> None:
        for log in named:
            self._tails[log].wake()


class _Tail:
    """The end of one log, followed while somebody listens."""

    def __init__(self, store: Store, log: str) -> None:
        self._store = store
        self._log = log
        self._listeners: dict[str, set[_Listener]] = {}
        self._news = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listening(self, run_id: str) -> AsyncIterator[_Listener]:
        """Listen to the run during the block; what is committed from now on is heard.

        The last one to leave ends the following, as does one that could not look.
        """
        listener = _Listener()
        self._listeners.setdefault(run_id, set()).add(listener)
        try:
            size = await self._store.read(self._size)
            if self._following is None:
                self._following = asyncio.create_task(self._follow(size))
            yield listener
        finally:
            self._leave(run_id, listener)

    def _leave(self, run_id: str, listener: _Listener) -> None:
        here = self._listeners.get(run_id, set())
        here.discard(listener)
        if not here:
            self._listeners.pop(run_id, None)
        if not self._listeners and self._following is not None:
            self._following.cancel()
            self._following = None

    def wake(self) -> None:
        """Look at the log now."""
        self._news.set()

    def close(self) -> None:
        """Tell every listener that nothing comes any more."""
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.put(None)

    async def _follow(self, size: int) -> None:
        while True:
            self._news.clear()
            with suppress(GuardFailed):  # looked at again a little later
                size = await self._hand_out(size)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._news.wait()

    async def _hand_out(self, size: int) -> int:
        """Hand what follows the first *size* entries to whoever waits, and return the new size."""
        while page := await self._store.read(partial(_page, log=self._log, size=size)):
            for run_id, frame in page:
                for listener in list(self._listeners.get(run_id, ())):
                    if not listener.put(frame):
                        self._let_go(run_id, listener)
            size += len(page)
        return size

    def _let_go(self, run_id: str, listener: _Listener) -> None:
        listener.frames.get_nowait()
        listener.put(None)
        self._listeners[run_id].discard(listener)

    def _size(self, connection: Connection) -> int:
        frontier = logs.frontier(connection, self._log)
        return 0 if frontier is None else frontier.size


def _page(connection: Connection, *, log: str, size: int) -> list[tuple[str, Frame]]:
    query = (
        select(*_COLUMNS)
        .where(_ENTRIES.log == log, _ENTRIES.seq >= size)
        .order_by(_ENTRIES.seq)
        .limit(_PAGE)
    )
    return [
        (row.run_id, _frame(row.seq, row.event, row.body))
        for row in connection.execute(query)
    ]


def _of_run(
    connection: Connection, *, log: str, run_id: str, after: int
) -> Sequence[Frame]:
    query = (
        select(*_COLUMNS)
        .where(
            _ENTRIES.run_id == run_id,
            _ENTRIES.log == log,
            _ENTRIES.seq > after,
        )
        .order_by(_ENTRIES.seq)
    )
    return [_frame(row.seq, row.event, row.body) for row in connection.execute(query)]


def _frame(seq: int, event: str, stored: bytes) -> Frame:
    body = body_of(stored) or {}
    told = {name: value for name, value in body.items() if name not in _PROOF}
    data = orjson.dumps(told).decode()
    status = body.get("status") if event == "run_ended" else None
    return Frame(
        seq=seq,
        sent=f"id: {seq}\nevent: {event}\ndata: {data}\n\n".encode(),
        is_last=status is not None and status not in OPEN,
    )
