"""A proposal as it reaches the door: checked against the tool's schema, named, priced, not yet decided."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from pydantic import ValidationError

from interlock.runtime.canonical import Json, canonical, digest
from interlock.runtime.door.tool import AnyTool, Value, arguments_json
from interlock.runtime.errors import NotCanonical
from interlock.runtime.policy.request import Action, ActionClass, Amounts, Resource
from interlock.runtime.run.run import Run

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """One proposal; *arguments* is None when it does not fit the schema, *tool* when there is no such tool."""

    #: SHA-256 over run, call, tool and canonical arguments: the idempotency key, stable across
    #: restarts
    id: str
    call_id: str
    tool: AnyTool | None
    arguments: Value | None
    action: Action
    resource: Resource
    cost: Amounts


def propose(
    run: Run, tool: AnyTool | None, *, name: str, arguments: Mapping[str, Any], call_id: str
) -> Proposal:
    """Return the proposal; what does not fit is kept as it came, for the policy to deny and the ledger to record.

    A tool that is not there goes by the name "unknown": what it was called is the agent's words, so
    it is kept with the arguments, out of the ledger's bodies.
    """
    parsed = None if tool is None else _parsed(tool, arguments)
    raw = _kept(arguments) if parsed is None else arguments_json(parsed)
    if tool is None:
        name, raw = UNKNOWN, {"tool": _kept({"name": name}), "arguments": raw}
    action_class: ActionClass
    if tool is None or parsed is None:
        action_class, resource, cost = (
            "irreversible",
            Resource(type="unknown", id="", clearance="public"),
            Amounts(steps=1),
        )
    else:
        action_class, resource, cost = (
            tool.action_class,
            tool.resource(parsed),
            _timed(tool.cost(parsed)),
        )
    return Proposal(
        id=digest({"run": run.id, "call": call_id, "tool": name, "arguments": raw}),
        call_id=call_id,
        tool=tool,
        arguments=parsed,
        action=Action(tool=name, action_class=action_class, arguments=raw),
        resource=resource,
        cost=cost,
    )


def _timed(cost: Amounts) -> Amounts:
    """Return the cost with a millisecond at the least: what takes no time at all would fit into none that is left."""
    return replace(cost, wall_ms=max(1, cost.wall_ms))


def _parsed(tool: AnyTool, arguments: Mapping[str, Any]) -> Value | None:
    try:
        value: Value = tool.arguments.model_validate(arguments)
        canonical(arguments_json(value))
    except (ValidationError, NotCanonical):
        return None  # the policy is told that the schema is not met, and denies
    return value


def _kept(arguments: Mapping[str, Any]) -> dict[str, Json]:
    """Return the arguments as they came, or their hash when they have no canonical form."""
    try:
        canonical(dict(arguments))
    except NotCanonical:
        return {
            "unreadable": sha256(repr(arguments).encode("utf-8", "backslashreplace")).hexdigest()
        }
    return dict(arguments)
