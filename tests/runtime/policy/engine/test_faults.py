"""A policy engine that misbehaves: whatever it does, nothing happens, and the reason says what was
wrong.
"""

import asyncio
import gzip
import io
import json
import tarfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, get_args

import pytest
from wasmtime import Engine

from interlock.runtime.door.outcome import Done
from interlock.runtime.errors import GuardFailed
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.engine.module import _Clock
from interlock.runtime.policy.engine.server import LARGEST_ANSWER, ServerPoint
from interlock.runtime.policy.request import ActionClass
from interlock.runtime.testing import REVISION, Effects, World
from interlock.serving.policy.opa import find_opa

BUSY_S = 1.0  # the machine that runs the tests may be busy
CLASSES: tuple[ActionClass, ...] = ("pure", "write", "irreversible")
GOOD = {
    "effect": "permit",
    "obligations": [],
    "revision": REVISION,
    "reasons": [{"code": "granted", "rule": "test", "parameters": {}}],
}
#: Answers of the wrong shape, each but for one thing a good permit
MISSHAPEN: dict[str, Any] = {
    "text": "permit",
    "true": True,
    "null": None,
    "empty": {},
    "list": [GOOD],
    "one field more": GOOD | {"note": ""},
    "one field less": {
        name: value for name, value in GOOD.items() if name != "obligations"
    },
    "effect in capitals": GOOD | {"effect": "PERMIT"},
    "effect in a list": GOOD | {"effect": ["permit"]},
    "effect in an object": GOOD | {"effect": {"permit": True}},
    "no reasons": GOOD | {"reasons": []},
    "reasons in an object": GOOD | {"reasons": {"0": {}}},
    "reason of text": GOOD | {"reasons": ["granted"]},
    "reason without rule": GOOD | {"reasons": [{"code": "granted", "parameters": {}}]},
    "reason under the engine's name": GOOD
    | {"reasons": [{"code": "granted", "rule": "pdp", "parameters": {}}]},
    "reason under the runtime's name": GOOD
    | {"reasons": [{"code": "granted", "rule": "runtime", "parameters": {}}]},
    "reason with a number": GOOD
    | {"reasons": [{"code": 1, "rule": "test", "parameters": {}}]},
    "obligation of text": GOOD | {"obligations": ["reserve"]},
    "obligation with more": GOOD
    | {"obligations": [{"kind": "reserve", "parameters": {}, "optional": True}]},
    "revision of a number": GOOD | {"revision": 1},
    "a float": GOOD
    | {
        "obligations": [
            {"kind": "approve", "parameters": {"role": "reviewer", "ttl_s": 0.5}}
        ]
    },
}
#: The fault that the policy is to do is read from the argument
SHOWN = {"tools": {"note": {"arguments": {"text": {"shown": True}}}}}
REGO = f"""package rails

fault := input.action.arguments.text

decision := {json.dumps(GOOD)} if fault == "good"

decision := {json.dumps(GOOD | {"revision": "another"})} if fault == "revision"

decision := data.misshapen[fault]

decision := 1 if fault == "trap"

decision := 2 if fault == "trap"

decision := count([1 |
	some a in numbers.range(1, 400)
	some b in numbers.range(1, 400)
	some c in numbers.range(1, 400)
	some d in numbers.range(1, 400)
	d < 0
]) if fault == "endless"

decision := count(numbers.range(1, 100000000)) if fault == "memory"
"""
#: Fault of the module -> the reasons that may be given for it
EMBEDDED = {
    "endless": {"pdp_timeout", "pdp_unavailable"},
    "memory": {"pdp_unavailable"},
    "trap": {"pdp_unavailable"},
    "undefined": {"pdp_undefined"},
    "revision": {"pdp_revision"},
} | {name: {"pdp_malformed"} for name in MISSHAPEN}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle whose policy does what its argument says, built by the real OPA."""
    folder = tmp_path_factory.mktemp("faults")
    (folder / "rails.rego").write_text(REGO)
    find_opa().run(
        "build",
        "-t",
        "wasm",
        "-e",
        "rails/decision",
        "-o",
        folder / "out.tar.gz",
        folder / "rails.rego",
    )
    with tarfile.open(folder / "out.tar.gz") as archive:
        member = archive.extractfile("/policy.wasm")
        assert member is not None
        wasm = member.read()
    return Bundle(
        revision=REVISION,
        wasm=wasm,
        data={"misshapen": MISSHAPEN, "rails": {"config": SHOWN}},
        messages={},
    )


@pytest.fixture(scope="module")
def embedded(bundle: Bundle) -> Iterator[EmbeddedPoint]:
    point = EmbeddedPoint(bundle, deadline_s=BUSY_S)
    yield point
    point.close()


async def carried(
    folder: Path, pdp: DecisionPoint, action_class: ActionClass, text: str
) -> tuple[Any, list[str]]:
    """Propose one note through the door over *pdp*; return what became of it and the effects."""
    effects = Effects()
    async with World(
        folder, tools=[effects.tool("note", action_class)], pdp=pdp
    ) as world:
        async with asyncio.timeout(10):
            outcome = await world.pep.enforce(
                await world.start(), tool="note", arguments={"text": text}, call_id="1"
            )
        assert [
            each["state"]
            for each in await world.entries()
            if each["event"] == "decision"
        ] in (
            [],
            ["denied"],
        )
        assert (await world.verify()).problems == []
    return outcome, effects.done


@pytest.mark.parametrize("action_class", CLASSES)
@pytest.mark.parametrize("fault", EMBEDDED)
async def test_a_faulty_module_is_a_deny(
    embedded: EmbeddedPoint, tmp_path: Path, fault: str, action_class: ActionClass
) -> None:
    """A policy that does not end, fills memory, traps, is undefined or answers anything else has no
    effect.
    """
    outcome, done = await carried(tmp_path, embedded, action_class, fault)

    assert isinstance(outcome, Denied)
    assert {*outcome.codes} <= EMBEDDED[fault]
    assert done == []


@pytest.mark.parametrize("fault", ["endless", "memory", "trap"])
async def test_an_engine_serves_again_after_a_fault(
    embedded: EmbeddedPoint, tmp_path: Path, fault: str
) -> None:
    """After a fault, on every instance, the same engine decides the next request as ever."""
    for number in range(3):
        await carried(tmp_path / f"{number}", embedded, "write", fault)
    outcome, done = await carried(tmp_path / "good", embedded, "write", "good")

    assert isinstance(outcome, Done)
    assert done == ["good"]


@pytest.mark.parametrize("action_class", CLASSES)
async def test_a_closed_engine_is_a_deny(
    bundle: Bundle, tmp_path: Path, action_class: ActionClass
) -> None:
    """An engine that was closed denies; it does not raise."""
    point = EmbeddedPoint(bundle)
    point.close()
    point.close()
    outcome, done = await carried(tmp_path, point, action_class, "good")

    assert isinstance(outcome, Denied)
    assert outcome.codes == ("pdp_unavailable",)
    assert done == []


async def test_an_engine_with_all_instances_stuck_denies_in_time(
    bundle: Bundle, tmp_path: Path
) -> None:
    """Requests that find every instance busy are denied; none waits for long, none acts."""
    point, effects = EmbeddedPoint(bundle), Effects()
    async with (
        World(tmp_path, tools=[effects.tool("note")], pdp=point) as world,
        asyncio.timeout(20),
    ):
        run = await world.start()
        outcomes = await asyncio.gather(
            *(
                world.pep.enforce(
                    run, tool="note", arguments={"text": "endless"}, call_id=f"{n}"
                )
                for n in range(8)
            )
        )
    point.close()

    assert all(isinstance(each, Denied) for each in outcomes)
    assert effects.done == []


def test_a_module_that_is_none_does_not_load(bundle: Bundle) -> None:
    """Bytes that are no policy module are refused at construction."""
    for wasm in (b"", b"\x00asm\x01\x00\x00\x00", b"junk"):
        with pytest.raises(GuardFailed):
            EmbeddedPoint(Bundle(revision=REVISION, wasm=wasm, data={}, messages={}))


@pytest.mark.parametrize(
    "damage",
    ["missing", "junk", "truncated", "no module", "no revision", "data of text"],
)
def test_a_damaged_bundle_does_not_load(tmp_path: Path, damage: str) -> None:
    """A bundle that is not whole is refused when it is read."""
    data = {"no revision": b'{"rails": {}}', "data of text": b'"x"'}.get(
        damage, b'{"rails":{"build":{"revision":"r"}}}'
    )
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in {"/data.json": data, "/policy.wasm": b"w"}.items():
            if not (damage == "no module" and name == "/policy.wasm"):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    raw = {"junk": b"junk", "truncated": buffer.getvalue()[:60]}.get(
        damage, buffer.getvalue()
    )
    if damage != "missing":
        (tmp_path / "bundle.tar.gz").write_bytes(raw)

    with pytest.raises(GuardFailed):
        load(tmp_path / "bundle.tar.gz")


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


PERMIT = json.dumps({"result": GOOD}).encode()
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


def test_every_class_is_covered() -> None:
    """The classes above are all but "read", which is carried like "pure"."""
    assert {*CLASSES, "read"} == {*get_args(ActionClass)}


async def test_an_endless_policy_is_stopped_at_its_deadline(
    bundle: Bundle, tmp_path: Path
) -> None:
    """The deadline ends an evaluation before memory does, also after the clock has rested."""
    point = EmbeddedPoint(bundle, deadline_s=0.03)
    try:
        for number in range(2):
            outcome, _ = await carried(tmp_path / str(number), point, "pure", "endless")
            assert outcome.codes == ("pdp_timeout",)
            await asyncio.sleep(0.5)  # the clock rests by then
    finally:
        point.close()


def test_closing_ends_a_clock_that_is_about_to_rest() -> None:
    """A close that comes just before the clock rests is not slept through."""
    clock = _Clock(Engine(), tick_s=0.01)
    clock.close()

    resting = threading.Thread(target=clock.rest, daemon=True)
    resting.start()
    resting.join(timeout=5)

    assert not resting.is_alive()
