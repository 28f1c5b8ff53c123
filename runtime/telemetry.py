"""Traces: the same steps as the ledger, as OpenTelemetry spans, for looking and never for proof.

The GenAI names are pinned here because their convention has no released package (all of it is
"Development" in the open-telemetry/semantic-conventions-genai repository, November 2026). No
content is captured: names, codes and digests only. Exporting is set up by the standard OTEL_*
variables; telemetry that fails never stops a run (fails open: it is not the record).
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import sha256
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
)

OPERATION: Final = "gen_ai.operation.name"
WORKFLOW: Final = "gen_ai.workflow.name"
TOOL: Final = "gen_ai.tool.name"
CALL: Final = "gen_ai.tool.call.id"
CONVERSATION: Final = "gen_ai.conversation.id"
RUN: Final = "interlock.run.id"
FENCE: Final = "interlock.run.fence"
SHADOW: Final = "interlock.run.shadow"
PACKAGE: Final = "interlock.policy.package"
EFFECT: Final = "interlock.policy.effect"
REASONS: Final = "interlock.policy.reason_codes"
REVISION: Final = "interlock.policy.bundle.revision"
ENGINE: Final = "interlock.policy.engine"
ACTION: Final = "interlock.action.id"
APPROVAL: Final = "interlock.approval.id"
READ: Final = "gen_ai.usage.input_tokens"
KNOWN: Final = "gen_ai.usage.cache_read.input_tokens"
WROTE: Final = "gen_ai.usage.output_tokens"
MODEL: Final = "gen_ai.request.model"
ERROR: Final = "error.type"

_REFERENCE: Final = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})")  # trace id and span id
#: A collector that is away may not hold a command's end for the exporter's ten seconds
_TIMEOUT_S: Final = 2.0
_WORD: Final = 32  # hexadecimal characters of a digest
#: What stands for a span when nobody listens; can be entered any number of times
_SILENT: Final = nullcontext(trace.INVALID_SPAN)


class Telemetry:
    """The spans of one process: to *provider*, else to the provider that the process has set.

    While there is neither, a span costs nothing.
    """

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer = trace.get_tracer("interlock", "0.1.0", provider, schema_url=None)

    @contextmanager
    def run(
        self, *, agent: str, run_id: str, fence: int, parent: str, shadow: str = ""
    ) -> Iterator[str]:
        """Span one claim of a run and yield the reference of the span, for the next claim.

        Every claim continues the run's first trace and links to the span that suspended. The span
        of a shadow names the run that the *shadow* copies.
        """
        before = _reference(parent)
        options: dict[str, Any] = {}
        if before is not None:
            options["context"] = trace.set_span_in_context(
                trace.NonRecordingSpan(before)
            )
            options["links"] = [Link(before)]
        attributes: dict[str, str | int] = {
            OPERATION: "invoke_workflow",
            WORKFLOW: agent,
            CONVERSATION: run_id,
            RUN: run_id,
            FENCE: fence,
        }
        if shadow:
            attributes[SHADOW] = shadow
        with self._span(f"invoke_workflow {agent}", attributes, **options) as span:
            yield reference(span)

    def policy(self, *, engine: str, revision: str) -> AbstractContextManager[Span]:
        """Span one decision."""
        attributes = {PACKAGE: "rails", ENGINE: engine, REVISION: revision}
        return self._span("evaluate_policy rails", attributes)

    def approval(self, *, tool: str, action_id: str) -> AbstractContextManager[Span]:
        """Span the request for one approval; the caller sets `APPROVAL` once there is one."""
        return self._span(f"request_approval {tool}", {TOOL: tool, ACTION: action_id})

    def tool(
        self, *, tool: str, action_id: str, call_id: str, approval: str | None
    ) -> AbstractContextManager[Span]:
        """Span one act, with the approval that it uses; *call_id*, an agent's word, is hashed."""
        attributes = {
            OPERATION: "execute_tool",
            TOOL: tool,
            CALL: _word(call_id),
            ACTION: action_id,
        }
        if approval is not None:
            attributes[APPROVAL] = approval
        return self._span(f"execute_tool {tool}", attributes)

    def _span(
        self, name: str, attributes: Mapping[str, str | int], **options: Any
    ) -> AbstractContextManager[Span]:
        if self._provider is None and _is_silent():
            return _SILENT
        return self._recorded(name, attributes, options)

    @contextmanager
    def _recorded(
        self, name: str, attributes: Mapping[str, str | int], options: Mapping[str, Any]
    ) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name,
            kind=SpanKind.INTERNAL,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
            **options,
        ) as span:
            try:
                yield span
            except Exception as error:
                # By the error's type alone: its message may hold content.
                span.set_attribute(ERROR, type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise


def _is_silent() -> bool:
    return isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def decided(span: Span, *, effect: str, codes: Sequence[str]) -> None:
    """Put a decision on its span; a deny is an answer, not an error."""
    span.set_attribute(EFFECT, effect)
    span.set_attribute(REASONS, list(codes))


def used(*, model: str, read: int, known: int, wrote: int) -> None:
    """Put on the open span what a model read and wrote, as it is charged; *known* is of *read*."""
    span = trace.get_current_span()
    span.set_attribute(MODEL, model)
    span.set_attribute(READ, read)
    span.set_attribute(KNOWN, known)
    span.set_attribute(WROTE, wrote)


def reference(span: Span) -> str:
    """Return "traceid-spanid" of *span* in hexadecimal, or "" when nothing is recorded."""
    place = span.get_span_context()
    return f"{place.trace_id:032x}-{place.span_id:016x}" if place.is_valid else ""


def traceparent() -> str:
    """Return the open span as W3C Trace Context writes one in a request, or "" for none."""
    place = trace.get_current_span().get_span_context()
    if not place.is_valid:
        return ""
    return f"00-{place.trace_id:032x}-{place.span_id:016x}-{place.trace_flags:02x}"


def provider() -> TracerProvider | None:
    """Return a provider that exports by the OTEL_* variables, or None when no endpoint is named."""
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    if not any(os.environ.get(name) for name in endpoints):
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - slow to import

    timeouts = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
    is_timed = any(os.environ.get(name) for name in timeouts)
    service = os.environ.get("OTEL_SERVICE_NAME", "interlock")
    exporting = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(timeout=None if is_timed else _TIMEOUT_S)
    exporting.add_span_processor(BatchSpanProcessor(exporter))
    return exporting


def _word(text: str) -> str:
    """Return what stands on a span for a text of an agent: equal for equal texts, and no more."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_WORD]


def _reference(text: str) -> SpanContext | None:
    ids = _REFERENCE.fullmatch(text)
    if ids is None:
        return None
    return SpanContext(
        trace_id=int(ids[1], 16),
        span_id=int(ids[2], 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
