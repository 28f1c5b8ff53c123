"""A receiver of webhooks on loopback, which verifies what it is told as the standard says."""

import asyncio
import json
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field

from standardwebhooks import Webhook, WebhookVerificationError

_TAKEN = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
_FAILED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
#: Every so many requests the receiver fails
_FAILS_EACH = 7


@dataclass(kw_only=True)
class Receiver:
    """Takes messages, fails now and then, and remembers under which ids it was told of each run."""

    secret: str = ""
    port: int = 0
    requests: int = 0
    #: Messages that do not verify
    forged: int = 0
    #: By run, the id of every message that was taken
    ids: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> asyncio.Server:
        """Listen on a port of loopback, which is then `port`."""
        server = await asyncio.start_server(self._respond, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _respond(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
            pairs = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
            headers = {name.lower(): value for name, value in pairs}
            body = await reader.readexactly(int(headers["content-length"]))
            writer.write(self._answer(headers, body))
            await writer.drain()
            self.heard.set()
        writer.close()

    def _answer(self, headers: dict[str, str], body: bytes) -> bytes:
        self.requests += 1
        if self.requests % _FAILS_EACH == 0:
            return _FAILED
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.forged += 1
            return _FAILED
        self.ids[json.loads(body)["data"]["run"]].append(headers["webhook-id"])
        return _TAKEN
