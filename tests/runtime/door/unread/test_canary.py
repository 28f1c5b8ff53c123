"""A text that nobody is to read stands nowhere but under seal: every way out is looked at."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import AnyTool, ToolFailed, tool
from interlock.runtime.door.unread.handle import Handle
from interlock.runtime.graph.node import TOOLS, ToolNode, calls
from interlock.runtime.policy.decision import Decision, Permit, Reason
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.telemetry import Telemetry
from interlock.runtime.testing import REVIEWER, StaticPoint, World

from .conftest import CANARY, Note, Office

UNREAD: Final = ["letter.list"]
HANDLE: Final = "HANDLE"
TEXT: Final[dict[str, Any]] = {"unread": HANDLE, "of": "items[0].text"}
#: What the planner proposes, in this order: a read, and every way in which a call may end
PROPOSED: Final[Sequence[tuple[str, dict[str, Any]]]] = (
    ("letter.list", {}),
    ("note.file", {"text": TEXT}),
    ("note.ask", {"text": TEXT}),
    ("note.deny", {"text": TEXT}),
    ("note.fail", {"text": TEXT}),
    ("note.break", {"text": TEXT}),
    ("note.unfit", {"text": {"unread": HANDLE}}),
    ("note.file", {"text": {**TEXT, "of": "items[9].text"}}),
    ("letter.same", {"one": TEXT, "other": "x"}),
    ("note.file", {"text": TEXT, "name": TEXT}),
)


class Clerk:
    """An agent whose planner proposes what is written, and keeps what it is told."""

    name = "clerk"
    role = "contract_review"
    request = Note

    def __init__(self, tools: tuple[AnyTool, ...]) -> None:
        self.tools = tools
        self.seen: list[str] = []

    def build(self, door: Door) -> Any:
        """Return the graph: a planner, and the node of its tools."""
        names = [one.name for one in self.tools]
        node = ToolNode(door, tools=names, unread=UNREAD)

        def plan(state: MessagesState) -> Mapping[str, Any]:
            told = [one for one in state["messages"] if isinstance(one, ToolMessage)]
            self.seen = [str(one.content) for one in told]
            if len(told) == len(PROPOSED):
                return {"messages": [AIMessage("done")]}
            name, arguments = PROPOSED[len(told)]
            handle = _unread(self.seen[0]) if told else ""
            call = {
                "name": name,
                "args": _with(arguments, handle),
                "id": str(len(told)),
            }
            return {"messages": [AIMessage("", tool_calls=[call])]}

        def route(state: MessagesState) -> Any:
            message = state["messages"][-1]
            assert isinstance(message, AIMessage)
            return calls(message) or END

        graph: Any = StateGraph(MessagesState)
        graph.add_node("plan", plan)
        graph.add_node(TOOLS, node.act)
        graph.add_edge(START, "plan")
        graph.add_conditional_edges("plan", route, [TOOLS, END])
        graph.add_edge(TOOLS, "plan")
        return graph

    def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
        """Return all that the planner was told."""
        return {"told": [str(message.content) for message in state["messages"]]}


def _unread(told: str) -> str:
    """Return the action of the handle that a planner was given."""
    return Handle.model_validate_json(told).unread


def _with(value: Any, handle: str) -> Any:
    if isinstance(value, dict):
        return {name: _with(item, handle) for name, item in value.items()}
    return handle if value == HANDLE else value


class Quoting(StaticPoint):
    """A policy whose refusals quote what was proposed, as some rules do."""

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the table's answer, with the arguments in the words of each reason."""
        decision = await super().decide(request)
        quoted = [
            Reason(
                code=reason.code,
                rule=reason.rule,
                parameters={"value": str(request.action.arguments)},
                message=f"{request.action.arguments} may not be",
            )
            for reason in decision.reasons
        ]
        return replace(decision, reasons=tuple(quoted))


def ends() -> tuple[AnyTool, ...]:
    """Return tools that end in every way, and quote what they were given."""

    @tool("note.ask", action="write", idempotent=True)
    async def ask(permit: Permit, arguments: Note) -> Note:
        """File a note that a person agrees to."""
        return arguments

    @tool("note.deny", action="write")
    async def deny(permit: Permit, arguments: Note) -> Note:
        """Never file a note."""
        return arguments

    @tool("note.fail", action="write", codes=["full"])
    async def fail(permit: Permit, arguments: Note) -> Note:
        """Fail, and say so."""
        raise ToolFailed(code="full", detail=f"no room for {arguments.text}")

    @tool("note.break", action="write")
    async def broken(permit: Permit, arguments: Note) -> Note:
        """Break off."""
        raise RuntimeError(arguments.text)

    @tool("note.unfit", action="write")
    async def unfit(permit: Permit, arguments: Note) -> Note:
        """Take no list of letters."""
        return arguments

    return (ask, deny, fail, broken, unfit)


async def test_a_text_that_nobody_reads_stands_nowhere_in_the_clear(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in what the planner is told, nor the outcome of the run, nor its checkpoints, nor any
    column or page of the database, nor the ledger's bodies, nor traces, nor logs.
    """
    caplog.set_level(logging.DEBUG)
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    office = Office()
    tools = (*office.tools(), *ends())
    names = {one.name for one in tools} - {"note.deny"}
    point = Quoting(
        effects=dict.fromkeys(names, "permit"), waiting=frozenset({"note.ask"})
    )
    clerk = Clerk(tools)
    world = World(
        tmp_path / "world", agents=[clerk], pdp=point, spans=Telemetry(provider)
    )
    async with world:
        run = await world.start(agent=clerk.name)
        ended = await world.driver.drive(run, clerk)
        (waiting,) = ended.waiting
        approval = await world.approvals.read(waiting)
        assert CANARY in str(approval.evidence)
        await world.approvals.decide(
            waiting,
            reviewer=REVIEWER,
            verdict="approved",
            shown=approval.evidence_digest,
            note="read",
        )
        ended = await world.driver.drive(await world.runs.claim(run.id), clerk)
        entries = await world.entries()
        report = await world.verify()
    traces = [span.to_json() for span in spans.get_finished_spans()]

    assert ended.status == "done"
    assert report.problems == []
    assert [note.text for note in office.filed] == [CANARY, CANARY]
    assert kinds(clerk.seen) == [
        "handle",
        "handle",
        "handle",
        "Denied: not_granted",
        "Failed: full",
        "Outcome unknown; a person must look",
        "Denied: not_callable",
        "Denied: not_callable",
        "answer",
        "handle",
    ]
    assert CANARY not in repr((clerk.seen, ended, entries, traces))
    assert CANARY not in caplog.text
    assert traces
    holding = [
        file.name
        for file in tmp_path.rglob("*")
        if file.is_file() and CANARY.encode() in file.read_bytes()
    ]
    assert holding == []
    label = point.asked[-1].context.run.label
    assert label is not None
    assert label.integrity == "unvouched"


def kinds(told: Sequence[str]) -> list[str]:
    """Return what each call was told, in short."""
    return [
        "handle"
        if text.startswith('{"unread"')
        else ("answer" if text.startswith('{"answer"') else text)
        for text in told
    ]
