"""Connections that are kept: for one holder, to a checked address, for a while and no longer."""

import asyncio
import gc
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import pytest

from interlock.tools.outbound import connection
from interlock.tools.outbound.client import Answer, Bounds, send
from interlock.tools.outbound.connection import Holder
from interlock.tools.outbound.destination import Destination
from interlock.tools.outbound.errors import Spoilt

ACME: Final = Holder(tenant="acme", key="k1")
_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\n\r\nok"
_LONG: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000


@dataclass(kw_only=True)
class Lines:
    """A server that keeps its connections, and the heads that came over each of them."""

    answer: bytes = _ANSWER
    heads: list[list[bytes]] = field(default_factory=list)
    #: Connections that the other side has closed
    closed: int = 0
    #: Whether the server closes each connection after its answer, without saying so
    is_fickle: bool = False
    port: int = 0

    async def respond(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        heads: list[bytes] = []
        self.heads.append(heads)
        # The loop of the test ends while the connection is kept.
        with suppress(OSError, EOFError, asyncio.CancelledError):
            while True:
                heads.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(self.answer)
                await writer.drain()
                if self.is_fickle:
                    break
        self.closed += 1
        writer.close()


@asynccontextmanager
async def lines(**options: object) -> AsyncIterator[Lines]:
    """Serve at both addresses of loopback for a block."""
    server = Lines(**options)  # type: ignore[arg-type]  # what a test states
    first = await asyncio.start_server(server.respond, "127.0.0.1", 0)
    server.port = first.sockets[0].getsockname()[1]
    second = await asyncio.start_server(server.respond, "::1", server.port)
    try:
        yield server
    finally:
        first.close()
        second.close()


async def ask(
    server: Lines, holder: Holder | None, *, at: str = "127.0.0.1", most: int = 1_000
) -> Answer:
    """Ask the server once, by a name that stands for the address *at*."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return (at,)

    return await send(
        Destination.parse(f"http://localhost:{server.port}", reach="any"),
        method="GET",
        path="/",
        headers={},
        bounds=Bounds(most_bytes=most, total_s=5),
        resolve=resolve,
        holder=holder,
    )


async def test_one_holder_asks_again_on_the_same_connection() -> None:
    """The second request of a holder needs no new connection, and sends no cookie back."""
    async with lines() as server:
        await ask(server, ACME)
        answer = await ask(server, ACME)

    assert answer.body == b"ok"
    assert [len(heads) for heads in server.heads] == [2]
    assert b"cookie" not in server.heads[0][1].lower()


async def test_nobody_else_is_on_a_connection_that_is_kept() -> None:
    """Another tenant, another key and a request without a holder have connections of their own."""
    others = (Holder(tenant="beta", key="k1"), Holder(tenant="acme", key="k2"), None)
    async with lines() as server:
        for holder in (ACME, *others, None, ACME):
            await ask(server, holder)

    assert [len(heads) for heads in server.heads] == [2, 1, 1, 1, 1]


async def test_requests_at_the_same_time_do_not_wait_for_each_other() -> None:
    """Where one connection is in use the holder gets another one."""
    async with lines() as server:
        await asyncio.gather(*(ask(server, ACME) for _ in range(3)))

    assert sum(len(heads) for heads in server.heads) == 3
    assert len(server.heads) == 3


async def test_a_host_that_moved_is_asked_at_its_new_address() -> None:
    """Each request is sent to an address of its own look-up, never to one of an earlier."""
    async with lines() as server:
        await ask(server, ACME)
        await ask(server, ACME, at="::1")

    assert [len(heads) for heads in server.heads] == [1, 1]


async def test_a_connection_in_the_middle_of_an_answer_is_used_no_more() -> None:
    """What is left of an answer that was too large reaches no later request."""
    async with lines(answer=_LONG) as server:
        with pytest.raises(Spoilt, match="larger"):
            await ask(server, ACME)
        server.answer = _ANSWER
        answer = await ask(server, ACME)

    assert answer.body == b"ok"
    assert [len(heads) for heads in server.heads] == [1, 1]


async def test_a_server_that_closed_the_connection_is_asked_on_a_new_one() -> None:
    """A connection that the server has closed meanwhile costs no request."""
    async with lines(is_fickle=True) as server:
        for _ in range(3):
            await ask(server, ACME)
            await asyncio.sleep(0.02)  # the end of the connection arrives

    assert [len(heads) for heads in server.heads] == [1, 1, 1]


async def test_a_connection_that_nobody_uses_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is closed by itself, whether there is another request or not."""
    monkeypatch.setattr(connection, "IDLE_S", 0.02)
    async with lines() as server:
        await ask(server, ACME)
        for _ in range(200):
            await asyncio.sleep(0.01)
            if server.closed:
                break

        assert server.closed == 1


async def test_an_old_connection_takes_no_further_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever asks all the time gets a new connection now and then."""
    monkeypatch.setattr(connection, "LONGEST_S", 0.05)
    async with lines() as server:
        await ask(server, ACME)
        await asyncio.sleep(0.06)
        await ask(server, ACME)

    assert [len(heads) for heads in server.heads] == [1, 1]


def test_what_is_kept_is_closed_with_its_loop() -> None:
    """A command that ends leaves no connection open behind it."""

    async def command() -> None:
        async with lines() as server:
            await ask(server, ACME)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(command())
        gc.collect()

    assert [str(warning.message) for warning in caught] == []
    assert connection._LOOPS == {}  # noqa: SLF001 - nothing of the loop stays in memory
