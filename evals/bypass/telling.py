"""What is told outside: words on the spans of telemetry."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from interlock.evals.bypass.case import Bypass
from interlock.evals.bypass.counter import HONEST, Counter, Useless, opened
from interlock.evals.bypass.tools import PAY
from interlock.evals.guarantees.leaving import LEAVING
from interlock.runtime.telemetry import Telemetry

_WORDS: Final = "Orchidee 4711"


@dataclass(frozen=True, kw_only=True, slots=True)
class Traced:
    """A counter, and what its telemetry would send."""

    counter: Counter
    spans: InMemorySpanExporter


@asynccontextmanager
async def _traced(folder: Path) -> AsyncIterator[Traced]:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    async with opened(folder, spans=Telemetry(provider)) as counter:
        yield Traced(
            counter=counter,
            spans=spans,
        )
    provider.shutdown()


async def _on_a_span(place: Traced) -> str:
    visit = await place.counter.begin(autonomy=3)
    await visit.must(
        PAY,
        as_call=_WORDS,
        **HONEST,
        subject=_WORDS,
    )
    await visit.tried(_WORDS, text=_WORDS)
    spans = [span.to_json() for span in place.spans.get_finished_spans()]
    if not spans:
        raise Useless("there is no span")
    return "words stand on a span" if any(_WORDS in span for span in spans) else ""


TELLING: Final[Mapping[str, Bypass]] = {
    "telling.on-a-span": Bypass(
        program=_on_a_span,
        without=LEAVING["words-on-a-span"],
        place=_traced,
    ),
}
