"""What the spans of a run say, and that they hold no content."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from tests.runtime.graph.driver.plans import NOTES, Planned, again, decide

from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.telemetry import Telemetry
from interlock.runtime.testing import Effects, World

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


async def test_the_span_of_a_shadow_names_its_run(
    world: World, spans: InMemorySpanExporter
) -> None:
    """Whoever looks at traces tells copies from runs; the span of any other run has none."""
    original = await world.start()
    copy = replace(await world.start(), shadow=original.id)
    for run in (original, copy):
        await world.driver.drive(run, Planned(("note.never", {"text": "x"})))
    claims = [
        dict(span.attributes or {})
        for span in spans.get_finished_spans()
        if span.name.startswith("invoke_workflow")
    ]

    assert [one.get("interlock.run.shadow") for one in claims] == [None, original.id]


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
