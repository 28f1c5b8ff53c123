"""A server behind a URL: streamable HTTP, each request by the one way out, each answer whole."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

import httpx2
from mcp.client.streamable_http import streamable_http_client

from interlock.tools.mcp.server import CALL_S, LARGEST_MESSAGE, Server
from interlock.tools.outbound.client import SESSION, Bounds, send
from interlock.tools.outbound.destination import Destination
from interlock.tools.outbound.errors import NotSent, Spoilt

#: What the protocol says in headers; all others are this machine's affair
_SENT: Final = ("accept", "content-type", "last-event-id", SESSION.lower())
_BOUNDS: Final = Bounds(most_bytes=LARGEST_MESSAGE, total_s=CALL_S)


@asynccontextmanager
async def endpoint_streams(server: Server) -> AsyncIterator[tuple[Any, Any]]:
    """Yield the streams of messages to and from the URL of *server*.

    Raises ValueError for a URL that is no destination.
    """
    transport = _OneWayOut(server)
    async with (
        httpx2.AsyncClient(transport=transport, trust_env=False) as client,
        streamable_http_client(server.url, http_client=client) as streams,
    ):
        yield streams


class _OneWayOut(httpx2.AsyncBaseTransport):
    """Hands every request to `tools.outbound`: no redirect, no proxy of the environment, no stream.

    A server is never listened to unasked, so that a `GET` is answered here.
    """

    def __init__(self, server: Server) -> None:
        self._destination = Destination.parse(server.url, reach="any")
        self._path = "/" if server.url.endswith("/") else ""
        self._token = server.token

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            return httpx2.Response(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            answer = await send(
                self._destination,
                method=request.method,
                path=self._path,
                headers=self._headers(request),
                body=await request.aread(),
                bounds=_BOUNDS,
            )
        except NotSent as error:
            raise httpx2.ConnectError(error.why) from error
        except Spoilt as error:
            raise httpx2.ReadError(error.why) from error
        headers = {"Content-Type": answer.content_type}
        if answer.session:
            headers[SESSION] = answer.session
        return httpx2.Response(answer.status, headers=headers, content=answer.body)

    def _headers(self, request: httpx2.Request) -> dict[str, str]:
        headers = {
            name: value
            for name, value in request.headers.items()
            if name in _SENT or name.startswith("mcp-")
        }
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return headers
