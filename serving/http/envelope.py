"""The envelope of every request: its host, its id, the size of its body, and how it ends.

Whatever an application raises ends here: an error of ours as its problem, anything else as a defect
of which the answer tells the id alone.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from interlock.runtime.errors import InterlockError
from interlock.serving.http.problem import (
    MEDIA,
    Problem,
    described,
    headers_of,
    problem_of,
)
from interlock.serving.http.refusal import RequestRefused

#: Bytes of a body at most: of a form with documents, and of any other
LARGEST_FORM: Final = 200 * 1024 * 1024
LARGEST: Final = 1024 * 1024
#: Told of a request that ended: the route, the method, the status, the seconds
Told = Callable[[str, str, int, float], None]
_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    ),
)
_log: Final = logging.getLogger(__name__)


class Envelope:
    """Wraps an application; *hosts* are the names it may be asked by, without ports."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], told: Told) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._told = told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A look at the head of an answer is a look: what would be answered decides.
        asked = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        exchange = _Exchange(asked, receive, send, is_head=asked is not scope)
        started = time.perf_counter()
        try:
            exchange.refuse_host(self._hosts)
            exchange.refuse_length()
            with suppress(_HeadSent):
                await self._app(asked, exchange.receive, exchange.send)
            await exchange.end()
        except InterlockError as error:
            await exchange.refuse(error)
        except Exception:  # noqa: BLE001 - whatever breaks, the caller gets an answer
            _log.exception("request %s failed by a defect", exchange.request_id)
            await exchange.fail()
        finally:
            seconds = time.perf_counter() - started
            route = getattr(asked.get("route"), "path", "")
            self._told(route, str(scope["method"]), exchange.status, seconds)


class _HeadSent(Exception):
    """Nothing of the answer is wanted any more, however much of it would come."""


class _Exchange:
    """One request and its answer."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, *, is_head: bool
    ) -> None:
        self._receive = receive
        self._send = send
        self._is_head = is_head
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.status = 0
        self._read = 0
        self._is_too_large = False
        kind = self.headers.get(b"content-type", b"")
        is_form = kind.startswith(b"multipart/form-data")
        self._most = LARGEST_FORM if is_form else LARGEST
        wanted = self.headers.get(b"x-request-id", b"")
        is_usable = _ID.fullmatch(wanted) is not None
        self.request_id = (
            wanted.decode() if is_usable else f"req-{secrets.token_hex(8)}"
        )
        scope.setdefault("state", {})["request_id"] = self.request_id

    def refuse_host(self, hosts: Collection[str]) -> None:
        """Raise `RequestRefused` unless the request names one of *hosts*."""
        if _host(self.headers) not in hosts:
            raise RequestRefused("host_unknown")

    def refuse_length(self) -> None:
        """Raise `RequestRefused` for a body that says it is too large."""
        length = self.headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        """Hand on a part of the body, and no more than may come."""
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > self._most:
            self._is_too_large = True
            raise self._too_large()
        return message

    async def send(self, message: Message) -> None:
        """Hand on a part of the answer; nothing of one to a body that was too large."""
        if self._is_too_large:
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._with_ours(message.get("headers", []))
        elif self._is_head:
            await self._send({"type": "http.response.body", "body": b""})
            raise _HeadSent
        await self._send(message)

    async def end(self) -> None:
        """Raise `RequestRefused` where the body was too large, whatever was made of that."""
        if self._is_too_large:
            raise self._too_large()

    async def refuse(self, error: InterlockError) -> None:
        """Answer with the problem that tells *error*."""
        problem = problem_of(error, request_id=self.request_id)
        await self._answer(problem, headers_of(error))

    async def fail(self) -> None:
        """Answer that there is a defect, or break off an answer that has begun."""
        problem = described(
            500,
            "defect",
            detail="This is a defect of Interlock; what happened is in its log.",
            next_step="Report the request_id to whoever runs this server.",
            request_id=self.request_id,
        )
        await self._answer(problem, {})

    async def _answer(self, problem: Problem, headers: dict[str, str]) -> None:
        if self.status:
            return
        self._is_too_large = False
        body = orjson.dumps(problem.model_dump(exclude_none=True))
        pairs = [(b"content-type", MEDIA.encode())]
        pairs += [
            (name.lower().encode(), value.encode()) for name, value in headers.items()
        ]
        pairs.append((b"content-length", str(len(body)).encode()))
        start = {
            "type": "http.response.start",
            "status": problem.status,
            "headers": pairs,
        }
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body})

    def _with_ours(
        self, headers: list[tuple[bytes, bytes]]
    ) -> list[tuple[bytes, bytes]]:
        """Return *headers* with ours, of which an answer may state its own."""
        stated = {name.lower() for name, _ in headers}
        ours = [pair for pair in _HEADERS if pair[0] not in stated]
        own_id = (b"x-request-id", self.request_id.encode())
        return [*headers, *ours, own_id]

    def _too_large(self) -> RequestRefused:
        return RequestRefused("too_large", most=self._most)


def _host(headers: dict[bytes, bytes]) -> str:
    """Return the host that the request names, without its port, in lower case."""
    name = headers.get(b"host", b"").decode("latin-1").lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0]
