"""Live: open pages learn that something has changed, and then ask for it.

One follower a tenant reads the end of the log, however many pages are open. What is sent names a
topic and holds nothing else: whoever asks for the thing is asked who they are.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from sqlalchemy import Connection, select

from interlock.runtime.errors import GuardFailed, InterlockError
from interlock.runtime.record.events import Event
from interlock.runtime.record.store import Store, tables
from interlock.serving.beat import Beat

#: Seconds after which the log is looked at although nobody rang: another process may have written
_LOOK_S: Final = 1.0
#: Seconds between two signs of life
_BEAT_S: Final = 15.0
_BEAT: Final = b": still here\n\n"
_HEADS: Final = tables.ledger_head.c
_ENTRIES: Final = tables.ledger_entry.c


class Live:
    """What is told to the open pages of one home; lives as long as the pages do."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._followers: dict[str, _Follower] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def changes(
        self, tenant: str, *, after: int, allowed: Callable[[], Awaitable[object]]
    ) -> AsyncIterator[bytes]:
        """Yield an event for each topic that has changed, until the session or the server ends.

        What the log has after its first *after* entries counts: a page is never told too little.

        *allowed* is awaited at every sign of life, however busy the log is: an error of ours that
        it raises ends the stream.
        """
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._store.attach(observers=[self._committed])
        store = self._store.of(tenant)
        follower = self._followers.setdefault(tenant, _Follower(store, tenant))
        async with follower.listening(after) as topics:
            yield _BEAT
            beat = Beat(_BEAT_S)
            while True:
                try:
                    topic = await beat.before(topics)
                except TimeoutError:
                    try:
                        await allowed()
                    except InterlockError:
                        return
                    yield _BEAT
                    continue
                if not topic:
                    return
                yield f"event: {topic}\ndata: {topic}\n\n".encode()

    def close(self) -> None:
        """End every stream; idempotent."""
        for follower in self._followers.values():
            follower.tell("")

    def _committed(self, events: tuple[Event, ...]) -> None:
        """Wake who follows the logs; called on a thread of the writer."""
        loop = self._loop
        named = {event.log for event in events}.intersection(self._followers)
        if loop is None or loop.is_closed():
            return
        for log in named:
            loop.call_soon_threadsafe(self._followers[log].news.set)


class _Follower:
    """The end of one log, looked at while a page listens."""

    def __init__(self, store: Store, log: str) -> None:
        self.news = asyncio.Event()
        self._store = store
        self._log = log
        self._listeners: set[asyncio.Queue[str]] = set()
        self._following: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listening(self, after: int) -> AsyncIterator[asyncio.Queue[str]]:
        """Hear during the block of the topics that follow the first *after* entries.

        The last one to leave ends the following, as does one that could not look.
        """
        topics: asyncio.Queue[str] = asyncio.Queue(maxsize=8)
        self._listeners.add(topics)
        try:
            size = await self._store.read(self._size)
            if self._following is None:
                self._following = asyncio.create_task(self._follow(size))
            if size > after:
                for topic in await self._topics(after):
                    topics.put_nowait(topic)
            yield topics
        finally:
            self._leave(topics)

    def _leave(self, topics: asyncio.Queue[str]) -> None:
        self._listeners.discard(topics)
        if not self._listeners and self._following is not None:
            self._following.cancel()
            self._following = None

    def tell(self, topic: str) -> None:
        """Tell every listener; one that is behind will hear of the topic again."""
        for topics in self._listeners:
            with suppress(asyncio.QueueFull):
                topics.put_nowait(topic)

    async def _follow(self, size: int) -> None:
        while True:
            self.news.clear()
            with suppress(GuardFailed):  # looked at again a little later
                size = await self._look(size)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self.news.wait()

    async def _look(self, size: int) -> int:
        """Tell what the entries after the first *size* are about; return how many there are."""
        now = await self._store.read(self._size)
        if now > size:
            for topic in await self._topics(size):
                self.tell(topic)
        return now

    async def _topics(self, size: int) -> list[str]:
        kinds = await self._store.read(lambda connection: self._kinds(connection, size))
        return sorted({_topic(kind) for kind in kinds if kind != "act"})

    def _size(self, connection: Connection) -> int:
        query = select(_HEADS.size).where(_HEADS.log == self._log)
        return int(connection.execute(query).scalar_one_or_none() or 0)

    def _kinds(self, connection: Connection, size: int) -> list[str]:
        query = (
            select(_ENTRIES.event)
            .where(_ENTRIES.log == self._log, _ENTRIES.seq >= size)
            .distinct()
        )
        return list(connection.execute(query).scalars())


def _topic(event: str) -> str:
    """Return what an entry is about, as pages name it."""
    return "approvals" if event.startswith("approval") else "runs"
