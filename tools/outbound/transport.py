"""The one way out for a library that brings its own client: its requests leave by `send`.

The library builds the request and reads the answer. Where the request goes, what its head says and
how much of the answer is taken is decided here, so no variable that the library reads has a say.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

import httpx2

from interlock.tools.outbound.client import Bounds, send
from interlock.tools.outbound.connection import Holder
from interlock.tools.outbound.destination import Destination

#: What a library is told to give back where the answer is wanted as it came
RESPONSE: Final = httpx2.Response


@contextmanager
def bound_for(
    destination: Destination,
    *,
    headers: Mapping[str, str],
    bounds: Bounds,
    holder: Holder | None = None,
) -> Iterator[None]:
    """Let every request of `kept_client` within the block go to *destination* with *headers*.

    The head is exactly that. The connection is kept for the *holder*, if one is named. The requests
    raise `NotSent` and `Spoilt` as `send` does.
    """
    token = _WAY.set(_Way(destination, headers, bounds, holder))
    try:
        yield
    finally:
        _WAY.reset(token)


def kept_client() -> httpx2.AsyncClient:
    """Return a client whose requests go where `bound_for` says, and nowhere outside of its block.

    For a library that is slow to begin with a client: the client itself keeps no connection, so
    there is nothing to close.
    """
    way = _Bound()
    return httpx2.AsyncClient(
        transport=way,
        trust_env=False,
        follow_redirects=False,
    )


class _Bound(httpx2.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        way = _WAY.get()
        if way is None:
            raise TypeError("a request leaves within a block of `bound_for` only")
        return await way.handle_async_request(request)


class _Way(httpx2.AsyncBaseTransport):
    def __init__(
        self,
        destination: Destination,
        headers: Mapping[str, str],
        bounds: Bounds,
        holder: Holder | None,
    ) -> None:
        self._destination = destination
        self._headers = dict(headers)
        self._bounds = bounds
        self._holder = holder

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # Host and port of the request are not looked at: there is one destination.
        path = request.url.raw_path.decode("ascii")
        answer = await send(
            self._destination,
            method=request.method,
            path=path.removeprefix(self._destination.base),
            headers=self._headers,
            body=await request.aread(),
            bounds=self._bounds,
            holder=self._holder,
        )
        return httpx2.Response(
            answer.status,
            headers={
                "Content-Type": answer.content_type,
                "Retry-After": answer.retry_after,
            },
            content=answer.body,
            request=request,
        )


#: Where the requests of the kept client go now
_WAY: Final[ContextVar[_Way | None]] = ContextVar("interlock_way", default=None)
