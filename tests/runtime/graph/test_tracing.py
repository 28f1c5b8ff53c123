"""Nobody listens to a governed run: not LangSmith's tracer, and no listener that others brought."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.context import (
    collect_runs,
    tracing_v2_enabled,
)
from langgraph.graph import END, START, StateGraph
from langsmith import Client
from langsmith.run_helpers import tracing_context
from langsmith.utils import tracing_is_enabled

from interlock.runtime.door.door import Door
from interlock.runtime.graph.agent import Graph
from interlock.runtime.testing import AGENT, Effects, Note, World

WORDS = "The price of the lighthouse is four thousand."


class State(TypedDict, total=False):
    """The request, and what came of it."""

    text: str
    to: str
    result: dict[str, Any]


class Reader:
    """An agent that writes down the text of its request."""

    name = "reader"
    role = "contract_review"
    request = Note

    def __init__(self, effects: Effects) -> None:
        self.tools = (effects.tool("note"),)

    def build(self, door: Door) -> Graph:
        async def write(state: State) -> State:
            words = await RunnableLambda(str.upper).ainvoke(state["text"])
            await door.call("note", {"text": state["text"]}, call_id="1")
            return {"result": {"words": words, "is_traced": tracing_is_enabled()}}

        graph: Graph = StateGraph(State)
        graph.add_node("write", write)
        graph.add_edge(START, "write")
        graph.add_edge("write", END)
        return graph

    def outcome(self, state: dict[str, Any]) -> dict[str, Any]:
        return dict(state.get("result", {}))


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """Serve a tracing service on loopback; yield its URL and the bodies that it was sent."""
    bodies: list[bytes] = []

    class Collect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            bodies.append(self.rfile.read(length))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_PATCH = do_POST  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collect)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def client(url: str) -> Client:
    return Client(api_url=url, api_key="probe", auto_batch_tracing=False)


#: How a process can have LangSmith's tracer on without a variable
SWITCHES: dict[str, Callable[[Client], AbstractContextManager[Any]]] = {
    "a context": lambda at: tracing_context(enabled=True, client=at),
    "a callback": lambda at: tracing_v2_enabled(client=at),
}


async def driven(folder: Path) -> tuple[Any, list[str]]:
    """Drive one run of the agent; return how it ended, and what it did."""
    effects = Effects()
    async with World(folder, agents=[Reader(effects)]) as world:
        person = AGENT.__class__(id="ana", tenant="default", roles=("analyst",))
        run = await world.runtime.start("reader", {"text": WORDS}, principal=person)
        return await world.runtime.drive(run), effects.done


@pytest.mark.parametrize("switch", SWITCHES)
async def test_a_tracer_that_is_on_hears_nothing_of_a_run(
    tmp_path: Path, switch: str
) -> None:
    """With LangSmith's tracer on around it, a run sends the tracing service nothing; the same
    tracer hears what runs beside it.
    """
    with collector() as (url, bodies), SWITCHES[switch](client(url)):
        ended, done = await driven(tmp_path)
        heard = [body for body in bodies if b"lighthouse" in body]
        await RunnableLambda(str.upper).ainvoke(WORDS)

    assert (ended.status, done) == ("done", [WORDS])
    assert ended.outcome["is_traced"] is False
    assert heard == []
    assert any(b"lighthouse" in body for body in bodies)


async def test_a_run_inside_a_traced_chain_is_not_part_of_its_trace(
    tmp_path: Path,
) -> None:
    """A run that a LangChain chain drives does not inherit the listeners of the chain."""
    heard: list[Any] = []

    class Listener(BaseCallbackHandler):
        def on_chain_start(
            self, serialized: dict[str, Any], inputs: Any, **_: Any
        ) -> None:
            heard.append(inputs)

    async def drive(_: str) -> Any:
        return (await driven(tmp_path))[0]

    ended = await RunnableLambda(drive).ainvoke("go", {"callbacks": [Listener()]})

    assert ended.status == "done"
    assert heard == ["go"]


async def test_a_listener_that_cannot_be_silenced_holds_the_run(
    tmp_path: Path,
) -> None:
    """A handler that the process attaches to everything holds the run, and nothing is done."""
    with ExitStack() as stack:
        stack.enter_context(collect_runs())
        ended, done = await driven(tmp_path)

    assert ended.status == "held"
    assert "RunCollectorCallbackHandler" in str(ended.outcome["error"])
    assert done == []
