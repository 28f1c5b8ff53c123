"""What became of a proposal: the closed set of answers the enforcement point gives."""

from dataclasses import dataclass
from typing import TypeAlias

from interlock.runtime.door.tool import ToolFailed, Value
from interlock.runtime.policy.decision import Decision, Denied


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """The action happened, now or before a restart; its result is the recorded one."""

    action_id: str
    value: Value


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Nothing happened yet: a person must decide first."""

    action_id: str
    approval_id: str
    decision: Decision


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """The tool did not act and says so."""

    action_id: str
    code: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """The action may or may not have happened; it is never tried again by itself, a person must look."""

    action_id: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """The action happened, as a person found; what the tool said of it is not known."""

    action_id: str


def failure(action_id: str, error: Exception) -> Failed:
    """Return the failure that an exception out of a tool stands for."""
    if isinstance(error, ToolFailed):
        return Failed(action_id=action_id, code=error.code, detail=error.detail)
    if isinstance(error, TimeoutError) and not str(error):
        return Failed(action_id=action_id, code="timeout", detail="it did not end in time")
    code = "timeout" if isinstance(error, TimeoutError) else "error"
    return Failed(action_id=action_id, code=code, detail=f"{type(error).__name__}: {error}")


Outcome: TypeAlias = Done | Denied | Waiting | Failed | Unknown | Resolved
