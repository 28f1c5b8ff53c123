"""A client that costs little: one connection, one request at a time, over plain streams."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final

from interlock.evals.api.trial import KEY

_HOST: Final = "127.0.0.1"
_END: Final = b"\r\n\r\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    @property
    def value(self) -> Any:
        """The JSON document in it."""
        return json.loads(self.body)


@dataclass(kw_only=True, slots=True)
class Client:
    """One connection to a child."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def to(cls, port: int) -> "Client":
        """Return a client that is connected; raises `OSError`."""
        reader, writer = await asyncio.open_connection(_HOST, port)
        return cls(reader=reader, writer=writer)

    async def ask(
        self, method: str, path: str, document: Any = None, *, key: str = ""
    ) -> Answer:
        """Send one request and return its answer; raises `OSError` where none came."""
        await self.send(method, path, document, key=key)
        head = await self._head()
        length = int(head[b"content-length"])
        try:
            body = await self.reader.readexactly(length)
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError(_HOST) from error
        return Answer(status=int(head[b""]), body=body)

    async def send(
        self, method: str, path: str, document: Any = None, *, key: str = ""
    ) -> None:
        """Send one request."""
        body = b"" if document is None else json.dumps(document).encode()
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {_HOST}",
            f"Authorization: Bearer {KEY}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        if key:
            lines.append(f"Idempotency-Key: {key}")
        self.writer.write("\r\n".join(lines).encode() + _END + body)
        await self.writer.drain()

    def close(self) -> None:
        """Hang up."""
        self.writer.close()

    async def _head(self) -> dict[bytes, bytes]:
        """Return the headers of an answer; its status stands under no name."""
        try:
            raw = await self.reader.readuntil(_END)
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError(_HOST) from error
        first, *lines = raw.strip().split(b"\r\n")
        pairs = (line.partition(b": ")[::2] for line in lines)
        return {b"": first.split()[1]} | {name.lower(): value for name, value in pairs}
