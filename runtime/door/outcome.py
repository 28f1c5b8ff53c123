"""What became of a proposal: the closed set of answers that the enforcement point gives."""

from dataclasses import dataclass
from typing import Final, TypeAlias, assert_never

import orjson

from interlock.runtime.door.tool import AnyTool, ToolFailed, ToolPartlyActed, Value
from interlock.runtime.door.unread.handle import Handle
from interlock.runtime.errors import Tampered
from interlock.runtime.policy.decision import Decision, Denied, Effect
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.run import undo
from interlock.runtime.run.recorded_action import RecordedAction
from interlock.runtime.run.run import Run

#: Refusals of a stop and of a full desk, not of what is proposed
_FOR_NOW: Final = frozenset({"killed", "too_many_questions"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """The action happened, now or before a restart; its result is the recorded one."""

    action_id: str
    value: Value
    #: Of an answer about what stands unread; None for any other value
    label: Label | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """The action happened, and its result stays unread: all that is told is the handle."""

    action_id: str
    handle: Handle


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Nothing happened yet: a person must decide first."""

    action_id: str
    approval_id: str
    decision: Decision


@dataclass(frozen=True, kw_only=True, slots=True)
class Expired:
    """Nothing happened: people were asked and nobody decided in time. It is no refusal."""

    action_id: str
    approval_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """The tool did not act, and says so."""

    action_id: str
    #: One of the tool's own `codes`, or "timeout" or "error"
    code: str
    #: For people; the run's label holds whatever stands here
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """The action may have happened. The runtime does not repeat the action; a person must look."""

    action_id: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """The action happened, as a person found; the result of the tool is not known."""

    action_id: str


Outcome: TypeAlias = (
    Done | Unread | Denied | Waiting | Expired | Failed | Unknown | Resolved
)


def failure(
    action_id: str,
    tool: AnyTool,
    error: Exception,
) -> Failed:
    """Return the failure that an exception out of *tool* stands for.

    Its code is one of a closed set: a code that the tool does not declare is told as "error", and
    stands with the words for people.
    """
    if isinstance(error, ToolFailed | ToolPartlyActed) and error.code in tool.codes:
        return Failed(action_id=action_id, code=error.code, detail=error.detail)
    if is_wordless(tool, error):
        return Failed(
            action_id=action_id, code="timeout", detail="it did not end in time"
        )
    code = "timeout" if isinstance(error, TimeoutError) else "error"
    return Failed(
        action_id=action_id, code=code, detail=f"{type(error).__name__}: {error}"
    )


def is_wordless(
    tool: AnyTool,
    error: Exception,
) -> bool:
    """Whether *error* says nothing but a code of a closed set."""
    if isinstance(error, ToolFailed):
        return error.code in tool.codes and not error.detail
    return isinstance(error, TimeoutError) and not str(error)


def recorded(
    action: RecordedAction,
    *,
    request: AccessRequest,
    tool: AnyTool | None,
    run: Run,
) -> Outcome | None:
    """Return the answer that the record gives, or None when the policy is to decide (again).

    A denial that only stood for an engine failure, or for a used-up budget above the run, binds the
    claim in which it was recorded, and no later claim; so does one of an undo that says no more
    than "not now" or "no budget". Raises
    `Tampered` when the record cannot be one of ours.
    """
    match action.state:
        case "waiting" | "started":
            return None
        case "denied":
            decision = earlier("deny", action)
            denied = Denied(request=request, decision=decision, action_id=action.id)
            is_passing = is_for_now(denied) or undo.is_short(action)
            is_held = decision.unanswered or decision.lacks_budget_above
            is_open = is_held or (action.undoes and is_passing)
            return None if is_open and action.fence < run.fence else denied
        case "expired":
            approval = str(action.reasons[0].parameters["approval"])
            return Expired(action_id=action.id, approval_id=approval)
        case "done":
            return _done(action, tool)
        case "failed":
            cause = failure_of(action) or (
                "failed_before",
                "it was found not to have happened",
            )
            return Failed(action_id=action.id, code=cause[0], detail=cause[1])
        case "unknown":
            cause = failure_of(action) or ("", "an earlier attempt may have acted")
            return Unknown(action_id=action.id, detail=cause[1])
        case _:
            assert_never(action.state)


def in_flight(action_id: str) -> Unknown:
    """Return the answer about an action that this claim has under way."""
    return Unknown(action_id=action_id, detail="this action is in flight")


def is_for_now(denied: Denied) -> bool:
    """Whether every reason of the refusal goes away when people have done what is theirs."""
    return _FOR_NOW.issuperset(denied.codes)


def _done(
    action: RecordedAction,
    tool: AnyTool | None,
) -> Done | Resolved:
    if (
        action.result is None
    ):  # every tool leaves a result, so a person resolved the action
        return Resolved(action_id=action.id)
    if tool is None:
        raise Tampered(
            what=f"action {action.id}", why="it is done by a tool that is not there"
        )
    return Done(
        action_id=action.id, value=tool.result.model_validate_json(action.result)
    )


def failure_of(action: RecordedAction) -> tuple[str, str] | None:
    """Return the code and the words of a recorded failure, or None where none was recorded."""
    if action.state not in {"failed", "unknown"} or action.result is None:
        return None
    cause = orjson.loads(action.result)
    return cause["code"], cause["detail"]


def earlier(
    effect: Effect,
    action: RecordedAction,
) -> Decision:
    """Return the decision that an earlier proposal or claim recorded."""
    return Decision(
        effect=effect,
        reasons=action.reasons,
        obligations=(),
        revision=action.revision,
        engine="record",
    )
