"""Where guards are tried: a real runtime in a folder that is thrown away.

The policy of this runtime permits every tool, so only the guard can stop an action. The policy
permits no act of a person.
"""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from interlock.runtime.canonical import Json
from interlock.runtime.door.outcome import Done, Outcome
from interlock.runtime.door.proposal import UNKNOWN
from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Denied, Obligation, Permit
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Resource
from interlock.runtime.run.run import Run
from interlock.runtime.telemetry import Telemetry
from interlock.runtime.testing import StaticPoint, World
from interlock.serving.home import Home

WRITE: Final = "probe.write"
READ: Final = "probe.read"
#: Waits for a reviewer
WAIT: Final = "probe.wait"
#: Comes with a duty that nobody knows
STRANGE: Final = "probe.strange"
#: Fails, and says WORDS
FAIL: Final = "probe.fail"
WORDS: Final = "words of the probe"
_PERMITTED: Final = (WRITE, READ, WAIT, STRANGE, FAIL, UNKNOWN)
_READ: Final = Label(
    integrity="untrusted",
    confidentiality="confidential",
    sources=("probe",),
)


class WentThrough(Exception):
    """A guard did not fire; the message says what got past the guard."""


class Note(Value):
    """What the tools of a trial take and give back."""

    text: str = ""
    to: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One installation and the world its guards are tried in."""

    home: Home
    world: World
    pdp: StaticPoint
    #: What the tools were called with
    done: list[str]
    #: The permits the tools were called under
    permits: list[Permit]
    #: What telemetry would send
    spans: InMemorySpanExporter
    _calls: Iterator[int] = field(default_factory=count)

    async def act(
        self,
        run: Run,
        name: str,
        /,
        *,
        call: str = "",
        **arguments: Json,
    ) -> Outcome:
        """Propose one call: a new proposal, or the proposal that *call* names."""
        call_id = call or f"probe-{next(self._calls)}"
        return await self.world.pep.enforce(
            run,
            tool=name,
            arguments=arguments,
            call_id=call_id,
        )

    async def permitted(
        self,
        run: Run,
        name: str,
        /,
        *,
        call: str = "",
        **arguments: Json,
    ) -> None:
        """Propose one call that must be done, because else a refusal would prove nothing."""
        outcome = await self.act(run, name, call=call, **arguments)
        if not isinstance(outcome, Done):
            raise WentThrough(f"{name} should have been done, it is {_said(outcome)}")

    async def denied(
        self,
        run: Run,
        name: str,
        /,
        *,
        code: str,
        **arguments: Json,
    ) -> None:
        """Propose one call that must be denied with *code* and reach no tool."""
        with self.untouched():
            outcome = await self.act(run, name, call="", **arguments)
        if isinstance(outcome, Denied) and code in outcome.codes:
            return
        raise WentThrough(
            f"{name} should have been denied with {code}, it is {_said(outcome)}"
        )

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Insist that the block calls no tool."""
        before = len(self.done)
        yield
        if len(self.done) != before:
            raise WentThrough("the tool was called")


@contextmanager
def refused(what: str, error: type[Exception]) -> Iterator[None]:
    """Insist that the block raises *error*."""
    try:
        yield
    except error:
        return
    raise WentThrough(f"{what} was let through")


@asynccontextmanager
async def trial(home: Home) -> AsyncIterator[Trial]:
    """Open a trial of *home*, and remove the trial's folder afterwards."""
    done: list[str] = []
    permits: list[Permit] = []
    pdp = StaticPoint(
        effects=dict.fromkeys(_PERMITTED, "permit"),
        waiting=frozenset({WAIT}),
        duties={STRANGE: Obligation(kind="interlock.probe")},
    )
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    with tempfile.TemporaryDirectory(prefix="interlock-verify-") as folder:
        tools = _tools(done, permits)
        telemetry = Telemetry(provider)
        async with World(Path(folder), tools=tools, pdp=pdp, spans=telemetry) as world:
            yield Trial(
                home=home,
                world=world,
                pdp=pdp,
                done=done,
                permits=permits,
                spans=spans,
            )
    provider.shutdown()


def _tools(done: list[str], permits: list[Permit]) -> list[AnyTool]:
    async def act(permit: Permit, arguments: Note) -> Note:
        """Write down that the probe acted."""
        done.append(arguments.text)
        permits.append(permit)
        return arguments

    async def break_off(permit: Permit, arguments: Note) -> Note:
        """Say something and fail."""
        raise ToolFailed(code="probe", detail=WORDS)

    def resource(arguments: Note) -> Resource:
        return Resource(type="probe", id=arguments.to)

    def label(arguments: Note, result: Note) -> Label:
        return _READ

    write = tool(WRITE, action="write", resource=resource)
    wait = tool(WAIT, action="write", resource=resource)
    strange = tool(STRANGE, action="write", resource=resource)
    read = tool(
        READ,
        action="read",
        resource=resource,
        yields=label,
    )
    fail = tool(FAIL, action="read", resource=resource, codes=("probe",))
    return [write(act), wait(act), strange(act), read(act), fail(break_off)]


def _said(outcome: Outcome) -> str:
    words = [type(outcome).__name__]
    if isinstance(outcome, Denied):
        words += outcome.codes
    return " ".join(words)
