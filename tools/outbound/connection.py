"""The connections by which requests leave: one for one request, or kept a while for one holder.

A connection that is kept serves the requests of its holder alone, so that no server can mix up the
answers of two tenants. It trusts whom they trust, and goes where each of them goes: a request to
another address has another connection. It is closed after `IDLE_S` without use and with its event
loop, and takes no request later than `LONGEST_S` after it was made.
"""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import httpx2

from interlock.tools.outbound.destination import Destination

#: Seconds without use after which a connection is closed: servers keep theirs for longer, so that
#: hardly any request meets one that the server is closing
IDLE_S: Final = 1.5
#: Seconds after which a connection takes no further request
LONGEST_S: Final = 60.0
_LIMITS: Final = httpx2.Limits(
    max_connections=None,
    max_keepalive_connections=None,
    keepalive_expiry=IDLE_S,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """For whom a connection is kept: no request and no answer of anybody else is ever on it."""

    tenant: str
    #: What the holder proves itself by at the server
    key: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a connection goes, whom it trusts, and who holds it; with no holder it is not kept."""

    destination: Destination
    #: Whom TLS trusts; None for this machine's authorities
    trust: ssl.SSLContext | None
    holder: Holder | None = None


@dataclass(kw_only=True, slots=True)
class _Kept:
    client: httpx2.AsyncClient
    made_s: float
    #: Requests that are under way on it
    users: int = 0
    #: Closes it where nobody uses it in time
    timer: asyncio.TimerHandle | None = None


class _Loop:
    """What is kept on one event loop, which closes it at its end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._kept: dict[Place, _Kept] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._life = self._lived()

    async def begin(self) -> None:
        """Have everything closed when the loop ends its generators, as `asyncio.run` does."""
        await anext(self._life)

    @asynccontextmanager
    async def lent(self, place: Place) -> AsyncIterator[httpx2.AsyncClient]:
        """Lend what is kept for the place while the block runs."""
        kept = self._young(place) or await self._made(place)
        if kept.timer is not None:
            kept.timer.cancel()
        kept.users += 1
        try:
            yield kept.client
        finally:
            kept.users -= 1
            self._rest(place, kept)

    def _young(self, place: Place) -> _Kept | None:
        """Return what is kept for the place; what is too old is closed once nobody uses it."""
        kept = self._kept.get(place)
        if kept is None or self._loop.time() - kept.made_s < LONGEST_S:
            return kept
        del self._kept[place]
        if not kept.users:
            self._close(place, kept)
        return None

    async def _made(self, place: Place) -> _Kept:
        client = await _client(place)
        made = _Kept(client=client, made_s=self._loop.time())
        return self._kept.setdefault(place, made)

    def _rest(self, place: Place, kept: _Kept) -> None:
        if kept.users:
            return
        if self._kept.get(place) is kept:
            kept.timer = self._loop.call_later(IDLE_S, self._close, place, kept)
        else:
            self._close(place, kept)

    def _close(self, place: Place, kept: _Kept) -> None:
        if kept.timer is not None:
            kept.timer.cancel()
        if self._kept.get(place) is kept:
            del self._kept[place]
        closing = self._loop.create_task(kept.client.aclose())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    async def _lived(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            del _LOOPS[self._loop]
            for kept in self._kept.values():
                await kept.client.aclose()


_LOOPS: Final[dict[asyncio.AbstractEventLoop, _Loop]] = {}


@asynccontextmanager
async def connected(place: Place) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield what sends requests to the place; without a holder it is closed after the block."""
    if place.holder is None:
        async with await _client(place) as client:
            yield client
        return
    loop = asyncio.get_running_loop()
    here = _LOOPS.get(loop)
    if here is None:
        here = _LOOPS[loop] = _Loop(loop)
        await here.begin()
    async with here.lent(place) as client:
        yield client


async def _client(place: Place) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        verify=place.trust or await _trust(place.destination),
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # `send` limits the whole
        proxy=place.destination.proxy,
        limits=_LIMITS,
    )


async def _trust(destination: Destination) -> ssl.SSLContext:
    """Return whom a TLS connection trusts: the authorities of this machine. Plain HTTP needs none.

    The authorities are read once, in a thread: that takes a good part of a second.
    """
    if destination.scheme == "http" and destination.proxy is None:
        return _nobody()
    return await asyncio.to_thread(_authorities)


@cache
def _nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@cache
def _authorities() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)
