"""The guards against what leaves without a decision, each tried once.

What may leave is decided at the door. These are the ways beside the door: a tracer, a variable that
a library obeys, a question to the policy engine, a span, an answer that leads elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final, TypedDict

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import tracing_v2_callback_var
from langgraph.graph import END, START, StateGraph

from interlock.runtime import environment
from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.errors import VariableRefused
from interlock.runtime.graph.agent import Graph
from interlock.runtime.policy.engine.question import listed, question
from interlock.serving.verification.starts import starts
from interlock.serving.verification.trial import WRITE, Trial, WentThrough, refused
from interlock.tools.outbound.client import Bounds, send
from interlock.tools.outbound.destination import Destination
from interlock.tools.outbound.errors import NotSent, Spoilt

_WORDS: Final = "words of a probe"
_BOUNDS: Final = Bounds(most_bytes=1000, total_s=10.0)
#: An answer that is taken
_GOOD: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nprobe"
#: What is wrong with an answer -> the answer
_UNFIT: Final = {
    "a redirect": b"HTTP/1.1 307 Go\r\nLocation: /probe\r\nContent-Length: 0\r\n\r\n",
    "a compressed answer": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nprobe",
    "an answer without end": b"HTTP/1.1 200 OK\r\n\r\n" + b"-" * 1001,
}


class _Listener(BaseCallbackHandler):
    """Stands where a tracer of LangChain would, and writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def on_chain_start(self, serialized: dict[str, Any], inputs: Any, **_: Any) -> None:
        self.heard.append(inputs)


class _State(TypedDict, total=False):
    passed: bool


class _Probe:
    """An agent of one node that does nothing."""

    name = "probe"

    def build(self, door: Door) -> Graph:
        async def step(_: _State) -> _State:
            return {"passed": True}

        graph: Any = StateGraph(_State)
        graph.add_node("step", step)
        graph.add_edge(START, "step")
        graph.add_edge("step", END)
        whole: Graph = graph
        return whole

    def outcome(self, state: dict[str, Any]) -> dict[str, Json]:
        return {"passed": bool(state.get("passed"))}


async def tracer(trial: Trial) -> None:
    """A tracer of LangChain that is on in this process hears nothing of a run."""
    listener = _Listener()
    run = await trial.world.start()
    # The type is that of LangSmith's tracer; this one stays here.
    token = tracing_v2_callback_var.set(listener)  # type: ignore[arg-type]  # as above
    try:
        ended = await trial.world.driver.drive(run, _Probe())
    finally:
        tracing_v2_callback_var.reset(token)
    if listener.heard:
        raise WentThrough("it heard the run")
    if ended.outcome != {"passed": True}:
        raise WentThrough("the run did not pass, so this proves nothing")


async def variables(trial: Trial) -> None:
    """A variable that has a library tell others what runs read stops everything."""
    for entry in environment.variables():
        if entry.treatment != "refused":
            continue
        for name in entry.names:
            with refused(name, VariableRefused):
                environment.refuse({name: "true"})
    environment.refuse({})


async def texts(trial: Trial) -> None:
    """The policy engine is shown no text of an argument that no rule reads."""
    home = trial.home
    entries = listed(home.bundle.data)
    requests = starts(home.bundle, home.pep.tools, tenant=home.settings.tenant)
    tried = 0
    for request in requests.values():
        known = entries.get(request.action.tool, {})
        unread = [name for name, is_shown in known.items() if not is_shown]
        arguments = {**request.action.arguments, **dict.fromkeys(unread, _WORDS)}
        action = replace(request.action, arguments=arguments)
        resource = replace(request.resource, id=_WORDS)
        asked = question(replace(request, action=action, resource=resource), entries)
        tried += len(unread)
        if unread and _WORDS.encode() in asked:
            raise WentThrough(f"it was shown a text of {request.action.tool}")
    if not tried:
        raise WentThrough("no argument is unread, so this proves nothing")


async def telemetry(trial: Trial) -> None:
    """No word of an agent is on a span."""
    run = await trial.world.start()
    before = len(trial.spans.get_finished_spans())
    await trial.permitted(run, WRITE, call=_WORDS, text=_WORDS)
    spans = trial.spans.get_finished_spans()[before:]
    if any(_WORDS in span.to_json() for span in spans):
        raise WentThrough("it was on a span")
    if not spans:
        raise WentThrough("there was no span, so this proves nothing")


async def way_out(trial: Trial) -> None:
    """A request reaches the host it is for, and an answer that leads elsewhere is not taken."""
    if await _asked(_GOOD) != b"probe":
        raise WentThrough("a good answer was not taken, so the others prove nothing")
    for name, unfit in _UNFIT.items():
        with refused(name, Spoilt):
            await _asked(unfit)
    with refused("plain HTTP off this machine", ValueError):
        Destination.parse("http://probe.invalid", reach="any")
    hook = Destination.parse("https://probe.invalid", reach="public")
    with refused("an address of this machine", NotSent):
        await hook.addresses(_this_machine)


async def _this_machine(host: str, port: int) -> Sequence[str]:
    return ("127.0.0.1",)


async def _asked(answer: bytes) -> bytes:
    """Return what is made of *answer*, given by a server on loopback."""
    async with _serving(answer) as port:
        destination = Destination.parse(f"http://127.0.0.1:{port}", reach="any")
        taken = await send(
            destination, method="GET", path="/", headers={}, bounds=_BOUNDS
        )
        return taken.body


@asynccontextmanager
async def _serving(answer: bytes) -> AsyncIterator[int]:
    async def respond(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


LEAVING: Final = {
    "tracer": tracer,
    "variables": variables,
    "texts": texts,
    "telemetry": telemetry,
    "way out": way_out,
}
