"""A proposal as it reaches the door: checked against the tool's schema, named and priced."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from interlock.runtime.canonical import Document, Json, Written, digest
from interlock.runtime.door.target import Caller, Target
from interlock.runtime.door.tool import AnyTool, Value, arguments_json
from interlock.runtime.door.unread.given import Given
from interlock.runtime.door.unread.telling import bounded
from interlock.runtime.errors import BadInput, NotCanonical
from interlock.runtime.policy.abridged import SHORT, in_short
from interlock.runtime.policy.request import Action, Amounts, Proposer, Resource
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import Run

UNKNOWN: Final = "unknown"
MOST_ARGUMENTS: Final = 64
#: How long the arguments may be that a person writes, in canonical JSON
MOST_BYTES: Final = 65_536
#: The resource of a call that no tool can carry out
NOWHERE: Final = Resource(type="unknown", id="", clearance="public")
_NOWHERE: Final = Target(resource=NOWHERE, cost=Amounts(steps=1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """One tool call as proposed."""

    #: SHA-256 over run, proposer, call, tool and canonical arguments: the idempotency key, stable
    #: across restarts
    id: str
    call_id: str
    #: None when there is no such tool
    tool: AnyTool | None
    #: None when they do not fit the tool's schema
    arguments: Value | None
    action: Action
    resource: Resource
    cost: Amounts
    #: The tools that the planner was shown; None for a fixed step of the workflow
    offered: tuple[str, ...] | None = None
    #: The action whose effect the call takes back; empty for none
    undoes: str = ""
    #: What the call is given unread; None for an ordinary call
    given: Given | None = None
    #: Whether the result stays unread, and the bits of what is unread that the planner may be told
    kept: bool = False
    bits: int = 0

    @property
    def proposer(self) -> Proposer:
        """Who proposes."""
        return proposer_of(self.offered, undoes=self.undoes)

    @property
    def is_reserved(self) -> bool:
        """Whether its cost is set aside before the act; raises as `callable` does."""
        return self.callable.has_effect or self.cost.priced

    @property
    def is_callable(self) -> bool:
        """Whether there is such a tool, and the arguments fit it."""
        return self.tool is not None and self.arguments is not None

    @property
    def callable(self) -> AnyTool:
        """The tool; raises TypeError where nothing can be called (fails closed)."""
        if self.tool is None or self.arguments is None:
            raise TypeError(f"{self.action.tool} cannot be called")
        return self.tool


def propose(
    run: Run,
    tool: AnyTool | None,
    *,
    name: str,
    arguments: Mapping[str, Any],
    call_id: str,
    offered: tuple[str, ...] | None = None,
    undoes: str = "",
    given: Given | None = None,
) -> Proposal:
    """Return the proposal, checked against the tool's schema.

    Of what is *given* unread, the values are checked and decided on, and the handles name the
    proposal: so its id says nothing of the values. With a fault it can be carried out by no tool.

    A planner's proposal is another one than the same call of a fixed step: else a planner that
    guesses the call's name would be told what the step was told. What *undoes* an action is another
    one than both.

    Arguments that do not fit are kept as they came, or in short where they are long, for the policy
    to deny and the ledger to record. A tool that is not there goes by the name "unknown": its name
    is the agent's words, so the name is kept with the arguments, out of the ledger's bodies.
    """
    if given is not None:
        arguments = given.arguments
    is_lost = given is not None and given.fault != ""
    value, action = (None, None) if is_lost else _parsed(tool, arguments)
    if action is None:
        action = _unreadable(tool, name=name, arguments=arguments)
    target = _aimed(tool, value, run)
    named: dict[str, Document] = {
        "run": run.id,
        "proposer": proposer_of(offered, undoes=undoes),
        "call": call_id,
        "tool": action.tool,
        **_named(action, given),
    }
    return Proposal(
        id=digest(named),
        call_id=call_id,
        tool=tool,
        arguments=value,
        action=action,
        resource=target.resource,
        cost=target.cost,
        offered=offered,
        undoes=undoes,
        given=given,
        **bounded(given, tool, value),
    )


def _aimed(tool: AnyTool | None, arguments: Value | None, run: Run) -> Target:
    """Return what a call is about, and what it costs at most."""
    if tool is None or arguments is None:
        return _NOWHERE
    target: Target = tool.aimed(arguments, caller_of(run))
    # What takes no time at all would fit where no time is left.
    cost = target.cost.lasting(max(1, target.cost.wall_ms))
    return Target(resource=target.resource, cost=cost)


def caller_of(run: Run) -> Caller:
    """Return what a tool may know of the run."""
    return Caller(
        run_id=run.id,
        tenant=run.tenant,
        agent=run.agent,
        label=run.label,
        pins=run.pins,
        release=run.release,
    )


def _named(
    action: Action,
    given: Given | None,
) -> dict[str, Document]:
    """Return how the arguments name a proposal: where something is unread, by its handles."""
    if given is None:
        return {"arguments": action.written}
    asked = Written(dict(given.asked)) if given.labels else action.written
    return {"arguments": asked, "unread": True}


def proposer_of(
    offered: tuple[str, ...] | None,
    *,
    undoes: str = "",
) -> Proposer:
    """Return who proposes where these tools were shown to a planner, or none to nobody."""
    if undoes:
        return "undo"
    return "steps" if offered is None else "planner"


def refuse_unfit(
    tool: AnyTool | None,
    arguments: Mapping[str, Any],
    *,
    what: str,
) -> None:
    """Raise `BadInput` ("arguments_unfit") for what the door would refuse of *arguments* anyway.

    The error names the first argument that does not fit. Of a *tool* that is not known here only
    the form and the size are looked at.
    """
    try:
        size = len(Written({"arguments": dict(arguments)}).text)
        if len(arguments) > MOST_ARGUMENTS or size > MOST_BYTES:
            why = f"they are more than {MOST_ARGUMENTS} or {MOST_BYTES} bytes"
            raise _unfit(what, "arguments", why)
        if tool is not None:
            _ = arguments_json(tool.arguments.model_validate(arguments))
    except ValidationError as error:
        first = error.errors(
            include_input=False,
            include_url=False,
        )[0]
        place = ".".join(str(step) for step in first["loc"]) or "arguments"
        raise _unfit(what, place, first["msg"]) from error
    except NotCanonical as error:
        raise _unfit(what, error.where, error.why) from error


def _unfit(
    what: str,
    field: str,
    why: str,
) -> BadInput:
    return refused(
        "arguments_unfit",
        what=what,
        field=field,
        why=why,
    )


def _parsed(
    tool: AnyTool | None,
    arguments: Mapping[str, Any],
) -> tuple[Value, Action] | tuple[None, None]:
    """Return the arguments typed and as an action, or None twice where they fit no tool.

    More than `MOST_ARGUMENTS` fit no tool (fails closed): each of them has a label of its own.
    """
    if tool is None or len(arguments) > MOST_ARGUMENTS:
        return None, None
    try:
        value: Value = tool.arguments.model_validate(arguments)
        action = Action(
            tool=tool.name,
            action_class=tool.action_class,
            arguments=arguments_json(value),
        )
        _ = action.written  # raises here, where the arguments are still to be kept
    except (ValidationError, NotCanonical):
        return None, None
    return value, action


def _unreadable(
    tool: AnyTool | None,
    *,
    name: str,
    arguments: Mapping[str, Any],
) -> Action:
    """Return the action of a call that no tool can carry out; long arguments stand in short."""
    raw = _kept(arguments)
    if tool is None:
        raw = {"tool": _kept({"name": name}), "arguments": raw}
        name = UNKNOWN
    return Action(tool=name, action_class="irreversible", arguments=raw)


def _kept(arguments: Mapping[str, Any]) -> dict[str, Json]:
    """Return short arguments as they came, and of others the digest and the beginning."""
    kept = dict(arguments)
    try:
        written = Written({"arguments": kept})  # they may stand one level deeper
    except NotCanonical:
        text = ascii(arguments)
    else:
        if len(written.text) <= SHORT and len(kept) <= MOST_ARGUMENTS:
            return kept
        text = written.text.decode()
    return {"unreadable": in_short(text)}
