"""The way back from the issuer to a command: an address of this machine, for one sign-in.

After RFC 8252, 7.3: the address is 127.0.0.1, which no other machine reaches, and the system picks
the port. Others on this machine reach the address too, so an answer counts by its state alone.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from interlock.runtime.errors import InterlockError, NotAuthenticated
from interlock.serving.identity.by_issuer import Entered
from interlock.serving.identity.flow import BACK, Answer
from interlock.serving.identity.refusal import TokenRefused
from interlock.serving.openid import GOOD_FOR_S

_HOST: Final = "127.0.0.1"
#: Bytes of a request; no more is read
_LONGEST: Final = 16_384
#: Seconds that a browser has for its request
_PATIENCE_S: Final = 10
#: Parameters of an answer; with more of them it is none
_MOST: Final = 20
_END: Final = b"\r\n\r\n"
_NAMES: Final = frozenset({"code", "state", "iss", "error"})
_HEADERS: Final = (
    "Content-Type: text/plain; charset=utf-8",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: no-referrer",
    "Cache-Control: no-store",
    "Connection: close",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Visit:
    """A browser that brought an answer and waits for a page."""

    answer: Answer
    writer: asyncio.StreamWriter


class Loopback:
    """Takes what browsers bring; lives as long as `listening`."""

    def __init__(self) -> None:
        self._visits: asyncio.Queue[_Visit] = asyncio.Queue()
        #: Where the issuer sends the browser
        self.address = ""

    async def entered(self, enter: Callable[[Answer], Awaitable[Entered]]) -> Entered:
        """Return what *enter* makes of the first answer that is one to this sign-in.

        What has another state ends nothing, or anybody on this machine could end a sign-in. Each
        other refusal is raised, and `NotAuthenticated` where nobody came in time (fails closed).
        """
        try:
            async with asyncio.timeout(GOOD_FOR_S):
                return await self._entered(enter)
        except TimeoutError as error:
            raise NotAuthenticated(
                what=f"a sign-in that takes longer than {GOOD_FOR_S // 60} minutes",
                next_step="Give the command again.",
            ) from error

    async def receive(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Read one request, and keep its browser waiting if it brings an answer."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                head = await reader.readuntil(_END)
        except (OSError, TimeoutError, EOFError, asyncio.LimitOverrunError):
            writer.close()
            return
        answer = _answer(head.decode("latin-1"))
        if answer is None:
            _tell(writer, "404 Not Found", "Nothing is here.")
            return
        self._visits.put_nowait(_Visit(answer=answer, writer=writer))

    async def _entered(self, enter: Callable[[Answer], Awaitable[Entered]]) -> Entered:
        while True:
            visit = await self._visits.get()
            try:
                entered = await enter(visit.answer)
            except InterlockError as error:
                _tell(visit.writer, "401 Unauthorized", "Nobody is signed in by this.")
                if isinstance(error, TokenRefused) and error.why == "state":
                    continue
                raise
            _tell(visit.writer, "200 OK", "Signed in. Go back to the terminal.")
            return entered


@asynccontextmanager
async def listening() -> AsyncIterator[Loopback]:
    """Yield a place that browsers of this machine reach until the end of the block."""
    place = Loopback()
    server = await asyncio.start_server(place.receive, _HOST, 0, limit=_LONGEST)
    port = server.sockets[0].getsockname()[1]
    place.address = f"http://{_HOST}:{port}{BACK}"
    try:
        yield place
    finally:
        server.close()


def _answer(head: str) -> Answer | None:
    """Return what a request brings, or None for a request that brings no answer of an issuer.

    A parameter that comes twice makes it none (RFC 6749, 3.1).
    """
    method, _, rest = head.partition(" ")
    target = rest.partition(" ")[0]
    try:
        parts = urlsplit(target)
        pairs = parse_qsl(parts.query, max_num_fields=_MOST)
    except ValueError:
        return None
    brought = [pair for pair in pairs if pair[0] in _NAMES]
    values = dict(brought)
    if method != "GET" or parts.path != BACK or len(values) != len(brought):
        return None
    return Answer(**values)


def _tell(writer: asyncio.StreamWriter, status: str, text: str) -> None:
    """Answer a browser, which may be gone, and let it go."""
    body = text.encode()
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *_HEADERS)
    with suppress(OSError):
        writer.write("\r\n".join(lines).encode() + _END + body)
    writer.close()
