"""A world whose spans are kept, with notes that wait for a person and notes that do not."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from interlock.runtime.telemetry import Telemetry
from interlock.runtime.testing import Effects, StaticPoint, World


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
