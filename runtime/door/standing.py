"""What stands already: the answer that the record gives to a proposal that was made before."""

from typing import assert_never

import orjson

from interlock.runtime.door.outcome import Done, Failed, Outcome, Resolved, Unknown
from interlock.runtime.door.tool import AnyTool
from interlock.runtime.errors import Tampered
from interlock.runtime.policy.decision import Decision, Denied, Effect
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.run.action import Action
from interlock.runtime.run.run import Run


def standing(
    known: Action, *, request: AccessRequest, tool: AnyTool | None, run: Run
) -> Outcome | None:
    """Return the outcome that stands, or None when the proposal is to be decided (again).

    A refusal that only stood for an engine failure binds the claim it was given in and no later
    one. Raises `Tampered` when the record cannot be one of ours.
    """
    match known.state:
        case "waiting" | "started":
            return None
        case "denied":
            before = earlier("deny", known)
            over = before.unanswered and known.fence < run.fence
            return None if over else Denied(request=request, decision=before, action_id=known.id)
        case "done":
            if (
                known.result is None
            ):  # every tool leaves one, so it was a person who found that it happened
                return Resolved(action_id=known.id)
            if tool is None:
                raise Tampered(
                    what=f"action {known.id}", why="it is done by a tool that is not there"
                )
            return Done(action_id=known.id, value=tool.result.model_validate_json(known.result))
        case "failed":
            code, detail = failure_of(known) or (
                "failed_before",
                "it was found not to have happened",
            )
            return Failed(action_id=known.id, code=code, detail=detail)
        case "unknown":
            _, detail = failure_of(known) or ("", "an earlier attempt may have acted")
            return Unknown(action_id=known.id, detail=detail)
        case _:
            assert_never(known.state)


def failure_of(known: Action) -> tuple[str, str] | None:
    """Return the code and the words of a recorded failure, or None where none was recorded."""
    if known.state not in {"failed", "unknown"} or known.result is None:
        return None
    kept = orjson.loads(known.result)
    return kept["code"], kept["detail"]


def earlier(effect: Effect, known: Action) -> Decision:
    """Return the decision that an earlier proposal or claim recorded."""
    return Decision(
        effect=effect,
        reasons=known.reasons,
        obligations=(),
        revision=known.revision,
        engine="record",
    )
