"""Servers on loopback that answer one request with the bytes a test states."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pytest


@dataclass(kw_only=True)
class Server:
    """A server that sends its answer whatever it is asked, and keeps what it was asked."""

    answer: bytes
    #: Whether the connection stays open after the answer
    hangs: bool = False
    asked: list[bytes] = field(default_factory=list)
    port: int = 0
    under_way: set[Any] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def respond(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.under_way.add(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            writer.write(self.answer)
            await writer.drain()
            if self.hangs:
                await reader.read()
        writer.close()


Serve: TypeAlias = Callable[..., AbstractAsyncContextManager[Server]]


@asynccontextmanager
async def _served(
    answer: bytes, *, hangs: bool = False, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    server = Server(answer=answer, hangs=hangs)
    listening = await asyncio.start_server(server.respond, "127.0.0.1", 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await asyncio.sleep(0.01)  # a connection that was just taken begins
        if server.under_way:
            await asyncio.wait(server.under_way, timeout=5)


@pytest.fixture
def serve() -> Serve:
    """Serve an answer for a block."""
    return _served
