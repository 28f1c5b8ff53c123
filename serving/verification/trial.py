"""Where guards are tried: the real door, store, vault and ledger in a folder that is thrown away.

The policy there permits everything, so that what stops an action is the guard and nothing before
it.
"""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from interlock.runtime.canonical import Json
from interlock.runtime.door.outcome import Done, Outcome
from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.policy.decision import Decision, Denied, Obligation, Permit, Reason
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import AccessRequest, Resource
from interlock.runtime.run.run import Run
from interlock.runtime.testing import World
from interlock.serving.home import Home

WRITE: Final = "probe.write"
READ: Final = "probe.read"
#: Waits for a reviewer
WAIT: Final = "probe.wait"
#: Comes with a duty that nobody knows
STRANGE: Final = "probe.strange"
_READ: Final = Label(integrity="untrusted", confidentiality="confidential", sources=("probe",))


class WentThrough(Exception):
    """A guard did not fire; the message says what got past it."""


class Note(Value):
    """What the tools of a trial take and give back."""

    text: str = ""
    to: str = ""


@dataclass(kw_only=True)
class Lenient:
    """A decision point that permits every tool, and remembers what it was asked."""

    revision: str = "0" * 64
    engine: str = "probe"
    asked: list[AccessRequest] = field(default_factory=list)

    async def decide(self, request: AccessRequest) -> Decision:
        """Permit; see the names of the tools for what comes with it."""
        self.asked.append(request)
        obligations: tuple[Obligation, ...] = ()
        if request.action.tool == WAIT and not any(
            each.verdict == "approved" for each in request.context.approvals
        ):
            obligations = (
                Obligation(kind="approve", parameters={"role": "reviewer", "ttl_s": 60}),
            )
        if request.action.tool == STRANGE:
            obligations = (Obligation(kind="interlock.probe"),)
        reason = Reason(code="granted", rule="probe")
        return Decision(
            effect="permit",
            reasons=(reason,),
            obligations=obligations,
            revision=self.revision,
            engine=self.engine,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One installation and the world its guards are tried in."""

    home: Home
    world: World
    pdp: Lenient
    #: What the tools were called with
    done: list[str]
    #: The permits they were called under
    permits: list[Permit]
    _calls: Iterator[int] = field(default_factory=count)

    async def act(self, run: Run, name: str, /, *, call: str = "", **arguments: Json) -> Outcome:
        """Propose one call; each is another proposal unless *call* names one."""
        call_id = call or f"probe-{next(self._calls)}"
        return await self.world.pep.enforce(run, tool=name, arguments=arguments, call_id=call_id)

    async def permitted(self, run: Run, name: str, /, *, call: str = "", **arguments: Json) -> None:
        """Propose one call that must be done: without that, a refusal would prove nothing."""
        outcome = await self.act(run, name, call=call, **arguments)
        if not isinstance(outcome, Done):
            raise WentThrough(f"{name} should have been done, it is {type(outcome).__name__}")

    async def denied(self, run: Run, name: str, /, *, code: str, **arguments: Json) -> None:
        """Propose one call that must be denied with *code* and reach no tool."""
        with self.untouched():
            outcome = await self.act(run, name, call="", **arguments)
        codes = outcome.codes if isinstance(outcome, Denied) else ()
        if code not in codes:
            raise WentThrough(
                f"{name} should have been denied with {code}, it is {type(outcome).__name__} {codes}"
            )

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Insist that the block calls no tool."""
        before = len(self.done)
        yield
        if len(self.done) != before:
            raise WentThrough("the tool was called")


@contextmanager
def refused(what: str, *errors: type[Exception]) -> Iterator[None]:
    """Insist that the block raises one of *errors*."""
    try:
        yield
    except errors:
        return
    raise WentThrough(f"{what} was let through")


@asynccontextmanager
async def trial(home: Home) -> AsyncIterator[Trial]:
    """Open a trial of *home*, and remove it with everything in it."""
    done: list[str] = []
    permits: list[Permit] = []
    pdp = Lenient()
    with tempfile.TemporaryDirectory(prefix="interlock-verify-") as folder:
        async with World(Path(folder), tools=_tools(done, permits), pdp=pdp) as world:
            yield Trial(home=home, world=world, pdp=pdp, done=done, permits=permits)


def _tools(done: list[str], permits: list[Permit]) -> list[AnyTool]:
    async def act(permit: Permit, arguments: Note) -> Note:
        """Write down that the probe acted."""
        done.append(arguments.text)
        permits.append(permit)
        return arguments

    def resource(arguments: Note) -> Resource:
        return Resource(type="probe", id=arguments.to)

    writes = [tool(name, action="write", resource=resource)(act) for name in (WRITE, WAIT, STRANGE)]
    return [
        *writes,
        tool(READ, action="read", resource=resource, yields=lambda _, __: _READ)(act),
    ]
