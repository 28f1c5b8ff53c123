"""A policy server that misbehaves: whatever it does, nothing happens, and the reason says what was
wrong.
"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.runtime.policy.engine.faults.misshapen import (
    BUSY_S,
    CLASSES,
    GOOD,
    MISSHAPEN,
    PERMIT,
    carried,
)

from interlock.runtime.door.outcome import Done
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.engine.server import LARGEST_ANSWER, ServerPoint
from interlock.runtime.policy.request import ActionClass
from interlock.runtime.testing import REVISION

Serve = Callable[[asyncio.StreamWriter], Awaitable[None]]


def _http(
    body: bytes,
    *,
    status: str = "200 OK",
    kind: str = "application/json",
    more: str = "",
) -> Serve:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )

    async def serve(writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + body)
        await writer.drain()

    return serve


async def _slow(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(1)
    await _http(json.dumps({"result": GOOD}).encode())(writer)


async def _dripping(writer: asyncio.StreamWriter) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for _ in range(20):
        writer.write(b"1\r\n \r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _reset(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _cut(writer: asyncio.StreamWriter) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
        b'999\r\n\r\n{"result":'
    )
    await writer.drain()


async def _garbage(writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\x01 not http\r\n\r\n")
    await writer.drain()


#: What a server does -> the reason given for it
SERVED: dict[str, tuple[Serve, str]] = {
    "500": (_http(b"{}", status="500 Internal Server Error"), "pdp_unavailable"),
    "404": (_http(b"{}", status="404 Not Found"), "pdp_unavailable"),
    "401": (
        _http(b'{"code":"unauthorized"}', status="401 Unauthorized"),
        "pdp_unavailable",
    ),
    "slow": (_slow, "pdp_timeout"),
    "dripping": (_dripping, "pdp_timeout"),
    "reset": (_reset, "pdp_unavailable"),
    "cut": (_cut, "pdp_unavailable"),
    "not http": (_garbage, "pdp_unavailable"),
    "html": (_http(b"<html>permit</html>", kind="text/html"), "pdp_malformed"),
    "a redirect": (
        _http(
            PERMIT, status="307 Temporary Redirect", more="Location: /v1/elsewhere\r\n"
        ),
        "pdp_malformed",
    ),
    "compressed": (
        _http(gzip.compress(PERMIT), more="Content-Encoding: gzip\r\n"),
        "pdp_malformed",
    ),
    "too large": (_http(PERMIT + b" " * LARGEST_ANSWER), "pdp_malformed"),
    "not json": (_http(b"permit"), "pdp_malformed"),
    "not text": (_http(b'{"result":"\xff"}'), "pdp_malformed"),
    "too deep": (_http(b"[" * 200_000), "pdp_malformed"),
    "list": (_http(b"[]"), "pdp_malformed"),
    "null": (_http(b"null"), "pdp_malformed"),
    "no result": (_http(b'{"decision_id":"1"}'), "pdp_undefined"),
    "empty": (_http(b""), "pdp_malformed"),
    "revision": (
        _http(json.dumps({"result": GOOD | {"revision": "another"}}).encode()),
        "pdp_revision",
    ),
} | {
    name: (_http(json.dumps({"result": answer}).encode()), "pdp_malformed")
    for name, answer in MISSHAPEN.items()
}


@asynccontextmanager
async def stub(serve: Serve, asked: list[bytes] | None = None) -> AsyncIterator[int]:
    """Serve every request on a port of loopback with *serve*, and yield the port.

    The bodies of the requests go to *asked*.
    """
    bodies = [] if asked is None else asked
    handled: set[asyncio.Task[None]] = set()

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        handled.add(asyncio.current_task())  # type: ignore[arg-type]  # on purpose not what the types say
        with suppress(
            ConnectionError, asyncio.CancelledError
        ):  # the other side gave up, as it should
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                int(line[15:])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            )
            bodies.append(await reader.readexactly(length))
            await serve(writer)
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for task in handled:
            task.cancel()
        await asyncio.gather(*handled, return_exceptions=True)


@pytest.mark.parametrize("action_class", CLASSES)
@pytest.mark.parametrize("fault", SERVED)
async def test_a_faulty_server_is_a_deny(
    tmp_path: Path, fault: str, action_class: ActionClass
) -> None:
    """An OPA server that fails, stalls, lies about its shape or runs another revision has no
    effect.
    """
    serve, reason = SERVED[fault]
    deadline_s = 0.2 if reason == "pdp_timeout" else BUSY_S
    async with (
        stub(serve) as port,
        ServerPoint(
            host="127.0.0.1",
            port=port,
            revision=REVISION,
            messages={},
            deadline_s=deadline_s,
        ) as point,
    ):
        outcome, done = await carried(tmp_path, point, action_class, "good")

    assert isinstance(outcome, Denied)
    assert outcome.codes == (reason,)
    assert done == []


async def test_a_server_is_told_no_text(tmp_path: Path) -> None:
    """What an OPA server may write into its log holds no text of an argument, short or long,
    and the act is done all the same.
    """
    asked: list[bytes] = []
    async with (
        stub(_http(PERMIT), asked) as port,
        ServerPoint(
            host="127.0.0.1", port=port, revision=REVISION, messages={}
        ) as point,
    ):
        outcome, done = await carried(tmp_path, point, "write", "the lighthouse")

    assert isinstance(outcome, Done)
    assert done == ["the lighthouse"]
    assert asked
    assert not any(b"lighthouse" in body for body in asked)


@pytest.mark.parametrize("action_class", CLASSES)
async def test_a_server_that_is_down_is_a_deny(
    tmp_path: Path, action_class: ActionClass
) -> None:
    """With nobody listening the answer is deny."""
    async with stub(_reset) as port:
        pass
    async with ServerPoint(
        host="127.0.0.1", port=port, revision=REVISION, messages={}
    ) as point:
        outcome, done = await carried(tmp_path, point, action_class, "good")

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("pdp_unavailable",)
    assert done == []


async def test_a_client_that_was_closed_is_a_deny(tmp_path: Path) -> None:
    """Asking after the client was closed denies; it does not raise."""
    async with stub(_http(json.dumps({"result": GOOD}).encode())) as port:
        async with ServerPoint(
            host="127.0.0.1", port=port, revision=REVISION, messages={}
        ) as point:
            pass
        outcome, done = await carried(tmp_path, point, "write", "good")

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("pdp_unavailable",)
    assert done == []


async def test_a_good_stub_permits(tmp_path: Path) -> None:
    """The stub can also be good, so it is the faults that deny above."""
    async with (
        stub(_http(json.dumps({"result": GOOD}).encode())) as port,
        ServerPoint(
            host="127.0.0.1",
            port=port,
            revision=REVISION,
            messages={},
            deadline_s=BUSY_S,
        ) as point,
    ):
        outcome, done = await carried(tmp_path, point, "write", "good")

    assert isinstance(outcome, Done)
    assert done == ["good"]
