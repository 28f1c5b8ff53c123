"""Traces: the same steps as the ledger, as OpenTelemetry spans, for looking and never for proof.

The GenAI names are pinned here because their convention has no released package (all of it is
"Development" in the open-telemetry/semantic-conventions-genai repository, November 2026). No
content is captured: names, codes and digests only. Exporting is set up by the standard OTEL_*
variables; telemetry that fails never stops a run (fails open: it is not the record).
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, StatusCode, TraceFlags

OPERATION: Final = "gen_ai.operation.name"
WORKFLOW: Final = "gen_ai.workflow.name"
TOOL: Final = "gen_ai.tool.name"
CALL: Final = "gen_ai.tool.call.id"
CONVERSATION: Final = "gen_ai.conversation.id"
RUN: Final = "interlock.run.id"
FENCE: Final = "interlock.run.fence"
PACKAGE: Final = "interlock.policy.package"
EFFECT: Final = "interlock.policy.effect"
REASONS: Final = "interlock.policy.reason_codes"
REVISION: Final = "interlock.policy.bundle.revision"
ENGINE: Final = "interlock.policy.engine"
ACTION: Final = "interlock.action.id"
APPROVAL: Final = "interlock.approval.id"
ERROR: Final = "error.type"

_REFERENCE: Final = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})")  # trace id and span id
_TIMEOUT_S: Final = (
    2.0  # a collector that is away may not hold a command's end for the exporter's ten seconds
)


class Telemetry:
    """The spans of one process; without a provider every span is a cheap no-op."""

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("interlock", "0.1.0", provider, schema_url=None)

    @contextmanager
    def run(self, *, agent: str, run_id: str, fence: int, parent: str) -> Iterator[str]:
        """Span one claim of a run and yield its own reference, to be handed to the next claim.

        Every claim continues the run's first trace and links to the span that suspended.
        """
        before = _reference(parent)
        links = [Link(before)] if before else []
        into = (
            trace.set_span_in_context(trace.NonRecordingSpan(before))
            if before
            else context.get_current()
        )
        attributes: dict[str, str | int] = {
            OPERATION: "invoke_workflow",
            WORKFLOW: agent,
            CONVERSATION: run_id,
        }
        attributes |= {RUN: run_id, FENCE: fence}
        with (
            self._tracer.start_as_current_span(
                f"invoke_workflow {agent}",
                context=into,
                kind=SpanKind.INTERNAL,
                attributes=attributes,
                links=links,
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
            _named(span),
        ):
            yield reference(span)

    @contextmanager
    def policy(self, *, engine: str, revision: str) -> Iterator[Span]:
        """Span one decision."""
        attributes = {PACKAGE: "rails", ENGINE: engine, REVISION: revision}
        with (
            self._tracer.start_as_current_span(
                "evaluate_policy rails",
                attributes=attributes,
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
            _named(span),
        ):
            yield span

    @contextmanager
    def approval(self, *, tool: str, action_id: str) -> Iterator[Span]:
        """Span the putting of one action before a person; its `APPROVAL` is set once there is one."""
        attributes = {TOOL: tool, ACTION: action_id}
        with (
            self._tracer.start_as_current_span(
                f"request_approval {tool}",
                attributes=attributes,
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
            _named(span),
        ):
            yield span

    @contextmanager
    def tool(
        self, *, tool: str, action_id: str, call_id: str, approval: str | None
    ) -> Iterator[Span]:
        """Span one act, under the approval it uses if it uses one."""
        attributes = {OPERATION: "execute_tool", TOOL: tool, CALL: call_id, ACTION: action_id}
        attributes |= {APPROVAL: approval} if approval else {}
        with (
            self._tracer.start_as_current_span(
                f"execute_tool {tool}",
                attributes=attributes,
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
            _named(span),
        ):
            yield span


@contextmanager
def _named(span: Span) -> Iterator[None]:
    """Mark the span as failed by the error's type alone: its message may hold content."""
    try:
        yield
    except Exception as error:
        span.set_attribute(ERROR, type(error).__name__)
        span.set_status(StatusCode.ERROR)
        raise


def decided(span: Span, *, effect: str, codes: Sequence[str]) -> None:
    """Put a decision on its span; a deny is an answer, not an error."""
    span.set_attribute(EFFECT, effect)
    span.set_attribute(REASONS, list(codes))


def reference(span: Span) -> str:
    """Return "traceid-spanid" of *span* in hexadecimal, or an empty string when nothing is recorded."""
    found = span.get_span_context()
    return f"{found.trace_id:032x}-{found.span_id:016x}" if found.is_valid else ""


def provider() -> TracerProvider | None:
    """Return a provider that exports by the OTEL_* variables, or None when no endpoint is named."""
    if not (
        os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    ):
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - slow to import

    made = TracerProvider(
        resource=Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "interlock")})
    )
    given = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT") or os.environ.get(
        "OTEL_EXPORTER_OTLP_TIMEOUT"
    )
    made.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(timeout=None if given else _TIMEOUT_S))
    )
    return made


def _reference(text: str) -> SpanContext | None:
    if (found := _REFERENCE.fullmatch(text)) is None:
        return None
    flags = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(
        trace_id=int(found[1], 16), span_id=int(found[2], 16), is_remote=True, trace_flags=flags
    )
