"""A server behind a URL: streamable HTTP, every answer bounded, no other origin ever asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from mcp.client.streamable_http import streamable_http_client

from interlock.tools.mcp.server import CALL_S, LARGEST_BURST, LARGEST_MESSAGE, Server


@asynccontextmanager
async def endpoint_streams(server: Server) -> AsyncIterator[tuple[Any, Any]]:
    """Yield the streams of messages to and from the URL of *server*.

    Nothing of our environment has a say: no proxy and no password file. A redirect that leaves the
    origin is not followed.
    """
    headers = {}
    if server.token is not None:
        headers["Authorization"] = f"Bearer {server.token.get_secret_value()}"
    client = httpx2.AsyncClient(
        headers=headers,
        timeout=httpx2.Timeout(CALL_S),
        transport=_Bounded(httpx2.AsyncHTTPTransport()),
        trust_env=False,
    )
    async with (
        client,
        streamable_http_client(
            server.url,
            http_client=client,
            max_sse_event_size=LARGEST_MESSAGE,
        ) as streams,
    ):
        yield streams


class _Bounded(httpx2.AsyncBaseTransport):
    """A transport whose every answer ends with an error after `LARGEST_BURST` bytes."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._inner.handle_async_request(request)
        return httpx2.Response(
            status_code=answer.status_code,
            headers=answer.headers,
            stream=_BoundedStream(answer.stream),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = LARGEST_BURST
        async for chunk in self._inner:
            left -= len(chunk)
            if left < 0:
                raise httpx2.ReadError("the answer is too large")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()
