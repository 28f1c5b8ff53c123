"""The tools of a trial: each does next to nothing, and writes down that it was called."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final

from interlock.runtime.door.proposal import UNKNOWN
from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Amounts, Resource

WRITE: Final = "probe.write"
READ: Final = "probe.read"
#: Waits for a reviewer
WAIT: Final = "probe.wait"
#: Comes with a duty that nobody knows
STRANGE: Final = "probe.strange"
#: Fails, and says WORDS
FAIL: Final = "probe.fail"
#: Takes until its gate is opened
SLOW: Final = "probe.slow"
#: Says that it used what nobody can use
CLAIM: Final = "probe.claim"
WORDS: Final = "words of the probe"
PERMITTED: Final = (WRITE, READ, WAIT, STRANGE, FAIL, SLOW, CLAIM, UNKNOWN)
#: What SLOW may take, which must be set aside before it begins
SLOW_S: Final = 5
_READ: Final = Label(
    integrity="untrusted",
    confidentiality="confidential",
    sources=("probe",),
)


class Note(Value):
    """What the tools of a trial take and give back."""

    text: str = ""
    to: str = ""


class Used(Value):
    """What CLAIM says it used."""

    tokens: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Calls:
    """What became of the calls of one trial's tools."""

    #: What the tools were called with
    done: list[str] = field(default_factory=list)
    #: The permits the tools were called under
    permits: list[Permit] = field(default_factory=list)
    #: Set while SLOW is at work
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    #: Set when SLOW may end
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def tools(self) -> list[AnyTool]:
        """Return the tools, which write here what they are called with."""
        return [*_acting(self), *_reporting(self), _slow(self)]


def _resource(arguments: Note) -> Resource:
    return Resource(type="probe", id=arguments.to)


def _acting(calls: Calls) -> list[AnyTool]:
    async def act(permit: Permit, arguments: Note) -> Note:
        """Write down that the probe acted."""
        calls.done.append(arguments.text)
        calls.permits.append(permit)
        return arguments

    def label(arguments: Note, result: Note) -> Label:
        return _READ

    write = tool(WRITE, action="write", resource=_resource)
    wait = tool(WAIT, action="write", resource=_resource)
    strange = tool(STRANGE, action="write", resource=_resource)
    read = tool(
        READ,
        action="read",
        resource=_resource,
        yields=label,
    )
    return [write(act), wait(act), strange(act), read(act)]


def _reporting(calls: Calls) -> list[AnyTool]:
    async def break_off(permit: Permit, arguments: Note) -> Note:
        """Say something and fail."""
        raise ToolFailed(code="probe", detail=WORDS)

    async def claim(permit: Permit, arguments: Used) -> Used:
        """Say how many tokens were used."""
        return arguments

    def used(result: Used) -> Amounts:
        return Amounts(steps=1, tokens=result.tokens)

    def estimate(arguments: Used) -> Amounts:
        return Amounts(steps=1, tokens=10)

    fail = tool(FAIL, action="read", resource=_resource, codes=("probe",))
    claiming = tool(
        CLAIM,
        action="read",
        cost=estimate,
        actual=used,
    )
    return [fail(break_off), claiming(claim)]


def _slow(calls: Calls) -> AnyTool:
    async def linger(permit: Permit, arguments: Note) -> Note:
        """Wait until the gate is opened."""
        calls.entered.set()
        await calls.gate.wait()
        calls.done.append(arguments.text)
        return arguments

    slow: Any = tool(
        SLOW,
        action="irreversible",
        resource=_resource,
        deadline_s=SLOW_S,
    )
    made: AnyTool = slow(linger)
    return made
