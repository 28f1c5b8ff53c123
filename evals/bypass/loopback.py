"""A server on loopback that gives one answer to everything, and writes down what it heard."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Loopback:
    """One such server."""

    port: int
    heard: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def serving(answer: bytes | None) -> AsyncIterator[Loopback]:
    """Serve *answer*, or nothing at all for None."""
    heard: list[bytes] = []
    ended = asyncio.Event()

    async def respond(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        if answer is None:
            await ended.wait()
        else:
            writer.write(answer)
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield Loopback(
            port=port,
            heard=heard,
        )
        ended.set()
