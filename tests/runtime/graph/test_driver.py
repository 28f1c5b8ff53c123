"""Agents under the rails: parallel tool calls, waiting for people, and how a run ends."""

import random
from collections.abc import AsyncIterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langgraph.graph import START, MessagesState, StateGraph
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from sqlalchemy import event

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import ToolFailed, tool
from interlock.runtime.errors import Fenced, Ungoverned
from interlock.runtime.graph.driver import Ended
from interlock.runtime.graph.node import TOOLS, ToolNode, calls
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import ActionClass, Resource, Verdict
from interlock.runtime.record.store import lines
from interlock.runtime.run.run import Run
from interlock.runtime.telemetry import Telemetry
from interlock.runtime.testing import (
    REVIEWER,
    Effects,
    FixedClock,
    Note,
    StaticPoint,
    World,
)


class Planned:
    """An agent whose plan is fixed: it proposes these calls at once, and keeps what it is told."""

    name = "planned"

    def __init__(self, *proposed: tuple[str, dict[str, Any]]) -> None:
        self._proposed = proposed

    def build(self, door: Door) -> Any:
        """Return the graph: a plan, then its calls in parallel."""
        planned = [
            {"name": name, "args": args, "id": f"call-{n}"}
            for n, (name, args) in enumerate(self._proposed)
        ]

        def plan(state: MessagesState) -> dict[str, list[AnyMessage]]:
            return {"messages": [AIMessage(content="", tool_calls=planned)]}

        graph: Any = StateGraph(MessagesState)
        graph.add_node("plan", plan)
        graph.add_node(
            TOOLS, ToolNode(door, tools=[name for name, _ in self._proposed]).act
        )
        graph.add_edge(START, "plan")
        graph.add_conditional_edges(
            "plan", lambda state: calls(state["messages"][-1]), [TOOLS]
        )
        return graph

    def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
        """Return what each call was told, by call."""
        told = (
            each for each in state.get("messages", []) if isinstance(each, ToolMessage)
        )
        return {each.tool_call_id: [each.status, str(each.content)] for each in told}


class Stepped:
    """An agent that makes its calls one after the other."""

    name = "stepped"

    def __init__(self, *proposed: str) -> None:
        self._proposed = proposed

    def build(self, door: Door) -> Any:
        """Return a graph with a node for each call."""
        node = ToolNode(door, tools=self._proposed)
        graph, before = StateGraph(MessagesState), START

        def step(name: str, number: int) -> Any:
            async def act(state: MessagesState) -> dict[str, Any]:
                return await node.act(
                    {
                        "type": "tool_call",
                        "name": name,
                        "args": {"text": "x"},
                        "id": f"{number}",
                    }
                )

            return act

        for number, name in enumerate(self._proposed):
            graph.add_node(f"step-{number}", step(name, number))
            graph.add_edge(before, f"step-{number}")
            before = f"step-{number}"
        return graph

    def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
        """Return nothing."""
        return {}


NOTES = ("note.write", {"text": "first"}), ("note.write", {"text": "second"})


@pytest.fixture
def effects() -> Effects:
    return Effects()


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
async def world(
    tmp_path: Path, effects: Effects, spans: InMemorySpanExporter
) -> AsyncIterator[World]:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    pdp = StaticPoint(
        effects={"note.write": "permit", "note.now": "permit", "note.pure": "permit"},
        waiting=frozenset({"note.write"}),
    )
    tools = [
        effects.tool("note.write"),
        effects.tool("note.now"),
        effects.tool("note.pure", "pure"),
        effects.tool("note.never"),
    ]
    async with World(tmp_path, tools=tools, pdp=pdp, spans=Telemetry(provider)) as made:
        yield made
        report = await made.verify()
    provider.shutdown()
    assert report.problems == []


async def decide(world: World, approval_id: str, verdict: Verdict = "approved") -> str:
    """Give a verdict, and return the text that it was about."""
    approval = await world.approvals.read(approval_id)
    await world.approvals.decide(
        approval_id,
        reviewer=REVIEWER,
        verdict=verdict,
        shown=approval.evidence_digest,
        note="looks right",
    )
    arguments = approval.evidence["arguments"]
    assert isinstance(arguments, dict)
    return str(arguments["text"])


def told(ended: Ended, call: str) -> tuple[str, str]:
    """Return the status and the content of what a call was told."""
    answer = ended.outcome[call]
    assert isinstance(answer, list)
    return str(answer[0]), str(answer[1])


async def again(world: World, run: Run, agent: Any) -> Ended:
    return await world.driver.drive(await world.runs.claim(run.id), agent)


@pytest.mark.parametrize("seed", range(20))
async def test_each_waiting_call_gets_its_own_answer(
    world: World, effects: Effects, seed: int
) -> None:
    """Two calls that wait side by side, answered yes or no in any order, together or apart: each
    gets its own answer.
    """
    dice = random.Random(seed)  # noqa: S311 - a reproducible shuffle
    agent, run = Planned(*NOTES), await world.start()
    ended = await world.driver.drive(run, agent)
    assert ended.status == "waiting"
    assert len(ended.waiting) == 2

    verdicts: dict[str, Verdict] = {}
    for approval in dice.sample(ended.waiting, 2):
        verdict: Verdict = dice.choice(("approved", "rejected"))
        text = await decide(world, approval, verdict)
        verdicts[text] = verdict
        if len(verdicts) == 1 and dice.random() < 0.5:
            ended = await again(world, run, agent)
            assert ended.status == "waiting"
            assert len(ended.waiting) == 1
    ended = await again(world, run, agent)

    assert ended.status == "done"
    assert sorted(effects.done) == sorted(
        text for text, verdict in verdicts.items() if verdict == "approved"
    )
    for call, text in (("call-0", "first"), ("call-1", "second")):
        status, said = told(ended, call)
        assert (status, text in said) == (
            ("success", True) if verdicts[text] == "approved" else ("error", False)
        )


async def test_a_resume_without_a_verdict_changes_nothing(
    world: World, effects: Effects
) -> None:
    """Waking a run whose approvals still wait leaves it waiting, for the same approvals."""
    agent, run = Planned(*NOTES), await world.start()
    first = await world.driver.drive(run, agent)
    second = await again(world, run, agent)

    assert second == first
    assert effects.done == []


async def test_a_verdict_that_came_and_went_is_asked_for_again(
    tmp_path: Path, effects: Effects
) -> None:
    """When an approval expires between the verdict and the resume, the run waits again instead of
    going on without.
    """

    class Expiring(StaticPoint):
        async def decide(self, request: Any) -> Any:
            live = tuple(
                each
                for each in request.context.approvals
                if each.expires > request.context.now
            )
            object.__setattr__(request.context, "approvals", live)
            return await super().decide(request)

    clock = FixedClock()
    pdp = Expiring(effects={"note.write": "permit"}, waiting=frozenset({"note.write"}))
    async with World(
        tmp_path, tools=[effects.tool("note.write")], pdp=pdp, clock=clock
    ) as world:
        agent, run = Planned(NOTES[0]), await world.start()
        (first,) = (await world.driver.drive(run, agent)).waiting
        await decide(world, first)
        clock.advance(3600)
        ended = await again(world, run, agent)
        assert ended.status == "waiting"
        (second,) = ended.waiting
        assert second != first
        await decide(world, second)
        ended = await again(world, run, agent)

    assert ended.status == "done"
    assert effects.done == ["first"]


async def test_a_refusal_is_told_to_the_planner(world: World, effects: Effects) -> None:
    """A denied call, an unknown tool and an invalid one become error messages; the other calls are
    done.
    """
    agent = Planned(
        ("note.never", {"text": "x"}),
        ("no.such.tool", {"text": "x"}),
        ("note.now", {"txt": 0.5}),
        ("note.now", {"text": "ok"}),
    )
    ended = await world.driver.drive(await world.start(), agent)

    assert ended.status == "done"
    assert [told(ended, f"call-{n}")[0] for n in range(4)] == [
        "error",
        "error",
        "error",
        "success",
    ]
    assert str(ended.outcome["call-0"]).count("not_granted") == 1
    assert effects.done == ["ok"]


async def test_an_expired_wait_is_told_to_the_planner(
    tmp_path: Path, effects: Effects
) -> None:
    """When nobody answers in time the run goes on with an error message."""
    clock = FixedClock()
    pdp = StaticPoint(
        effects={"note.write": "permit"}, waiting=frozenset({"note.write"})
    )
    async with World(
        tmp_path, tools=[effects.tool("note.write")], pdp=pdp, clock=clock
    ) as world:
        agent, run = Planned(NOTES[0]), await world.start()
        await world.driver.drive(run, agent)
        clock.advance(3600)
        ended = await again(world, run, agent)

    assert ended.status == "done"
    assert "approval_expired" in str(ended.outcome["call-0"])
    assert effects.done == []


async def test_a_run_that_ended_is_not_driven_again(world: World) -> None:
    """A claim that is over is refused by the fence, and an ended run cannot be claimed."""
    run = await world.start()
    await world.driver.drive(run, Planned(("note.now", {"text": "a"})))
    with pytest.raises(Fenced):
        await world.driver.drive(run, Planned(("note.now", {"text": "b"})))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that waits longer for company: on a busy machine a step may take more than its few
    milliseconds.
    """
    monkeypatch.setattr(lines, "LAZY_WAIT_S", 0.5)


async def commits_between_acts(folder: Path, action_class: ActionClass) -> list[int]:
    """Return how often the writer committed between one act and the next, over a run of eight."""
    marks, counted = list[int](), list[int]()

    @tool(
        "note.count",
        action=action_class,
        resource=lambda a: Resource(type="note", id=a.to),
    )
    async def act(permit: Permit, arguments: Note) -> Note:
        """Act as the test says."""
        marks.append(len(counted))
        return arguments

    async with World(folder, tools=[act]) as world:
        event.listen(world.store.engine, "commit", lambda _: counted.append(1))
        await world.driver.drive(await world.start(), Stepped(*["note.count"] * 8))
    return [after - before for before, after in pairwise(marks)]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("action_class", ["write", "irreversible"])
async def test_an_effect_costs_two_commits(
    tmp_path: Path, action_class: ActionClass
) -> None:
    """Intent, outcome and checkpoint of an effect take two commits, so two fsyncs on SQLite."""
    assert await commits_between_acts(tmp_path, action_class) == [2] * 7


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("action_class", ["pure", "read"])
async def test_anything_else_costs_one_commit(
    tmp_path: Path, action_class: ActionClass
) -> None:
    """Decision, record, result and checkpoint of a pure step take one commit."""
    assert await commits_between_acts(tmp_path, action_class) == [1] * 7


async def test_the_commit_is_an_fsync(world: World) -> None:
    """The commits counted above are durable ones: SQLite runs with a write-ahead log and full
    synchronisation.
    """
    with world.store.engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous")
        ]

    assert found == ["wal", 2]


CANARY = "canary-7c1f-Kov\u00e1cs"


async def test_one_trace_for_a_run_however_often_it_waits(
    world: World, spans: InMemorySpanExporter
) -> None:
    """Every claim of a run is in one trace, and links to the span of the claim before."""
    agent, run = Planned(*NOTES), await world.start()
    ended = await world.driver.drive(run, agent)
    for approval in ended.waiting:
        await decide(world, approval)
        ended = await again(world, run, agent)
    assert ended.status == "done"
    claims = [
        each
        for each in spans.get_finished_spans()
        if each.name.startswith("invoke_workflow")
    ]

    assert (
        len(
            {
                each.context.trace_id
                for each in spans.get_finished_spans()
                if each.context
            }
        )
        == 1
    )
    assert [len(each.links) for each in claims] == [0, 1, 1]
    assert [link.context.span_id for each in claims[1:] for link in each.links] == [
        each.context.span_id for each in claims[:-1] if each.context
    ]


async def test_a_denial_is_not_an_error(
    world: World, spans: InMemorySpanExporter
) -> None:
    """A refusal is an answer: its spans carry the reason codes and are not marked as failed."""
    await world.driver.drive(
        await world.start(), Planned(("note.never", {"text": "x"}))
    )
    decided = [
        each
        for each in spans.get_finished_spans()
        if each.name == "evaluate_policy rails"
    ]

    assert [
        each.attributes and each.attributes["interlock.policy.effect"]
        for each in decided
    ] == ["deny"]
    assert [
        each.attributes and each.attributes["interlock.policy.reason_codes"]
        for each in decided
    ] == [("not_granted",)]
    assert {each.status.status_code for each in spans.get_finished_spans()} == {
        StatusCode.UNSET
    }


async def test_no_span_holds_content(
    tmp_path: Path, effects: Effects, spans: InMemorySpanExporter
) -> None:
    """Arguments, results, requests, principals, the ids that a planner gives to calls and the
    messages of errors are in no span, however a call ends.
    """

    class Broken(Effects):
        def tool(self, name: str, action: Any = "write", **options: Any) -> Any:
            from dataclasses import replace  # noqa: PLC0415 - as late as it is needed

            async def act(permit: Any, arguments: Any) -> Any:
                raise (
                    ToolFailed(code="bad", detail=CANARY)
                    if "fails" in name
                    else RuntimeError(CANARY)
                )

            return replace(super().tool(name, action, **options), act=act)

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tools = [
        effects.tool("note.now"),
        Broken().tool("note.fails"),
        Broken().tool("note.breaks"),
    ]
    async with World(tmp_path, tools=tools, spans=Telemetry(provider)) as world:
        agent = Planned(
            *(
                (name, {"text": CANARY})
                for name in ("note.now", "note.fails", "note.breaks", CANARY)
            )
        )
        await world.driver.drive(await world.start(request={"text": CANARY}), agent)
        await world.pep.enforce(
            await world.start(),
            tool="note.now",
            arguments={"text": "a"},
            call_id=f"call {CANARY}",
        )
    provider.shutdown()
    seen = "".join(each.to_json() for each in spans.get_finished_spans())

    assert "execute_tool note.breaks" in seen
    assert "RuntimeError" in seen
    assert CANARY not in seen
    assert "canary-" not in seen


async def test_a_driven_agent_reaches_no_raw_model(world: World) -> None:
    """An agent that calls a model beside the door fails its run, and the model is not reached."""

    class Sly:
        name = "sly"

        def build(self, door: Door) -> Any:
            """Return a graph whose only node asks a model of its own."""

            async def ask(state: MessagesState) -> dict[str, Any]:
                return {
                    "messages": [
                        await FakeListChatModel(responses=["no"]).ainvoke("hello")
                    ]
                }

            graph: Any = StateGraph(MessagesState)
            graph.add_node("ask", ask)
            graph.add_edge(START, "ask")
            return graph

        def outcome(self, state: Mapping[str, Any]) -> dict[str, Json]:
            """Return nothing."""
            return {}

    with pytest.raises(Ungoverned):
        await world.driver.drive(await world.start(), Sly())
