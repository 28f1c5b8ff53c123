"""The one way out for a library that brings its own client: its requests leave by `send`.

The library builds the request and reads the answer. Where the request goes, what its head says and
how much of the answer is taken is decided here, so no variable that the library reads has a say.
"""

from collections.abc import Mapping

import httpx2

from interlock.tools.outbound.client import Bounds, send
from interlock.tools.outbound.destination import Destination


def client(
    destination: Destination, *, headers: Mapping[str, str], bounds: Bounds
) -> httpx2.AsyncClient:
    """Return a client whose every request goes to *destination* with exactly *headers*.

    Its requests raise `NotSent` and `Spoilt` as `send` does. The caller closes the client, which
    keeps no connection between requests.
    """
    way = _Way(destination, headers, bounds)
    return httpx2.AsyncClient(transport=way, trust_env=False, follow_redirects=False)


class _Way(httpx2.AsyncBaseTransport):
    def __init__(
        self, destination: Destination, headers: Mapping[str, str], bounds: Bounds
    ) -> None:
        self._destination = destination
        self._headers = dict(headers)
        self._bounds = bounds

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
