"""What stands already: the answer that the record gives to a proposal that was made before."""

from typing import assert_never

from interlock.runtime.action import Action
from interlock.runtime.decision import Decision, Denied, Effect, Reason
from interlock.runtime.errors import Tampered
from interlock.runtime.outcome import Done, Failed, Outcome, Settled, Unknown
from interlock.runtime.request import AccessRequest
from interlock.runtime.run import Run
from interlock.runtime.tool import AnyTool


def standing(known: Action, *, request: AccessRequest, tool: AnyTool | None, run: Run) -> Outcome | None:
    """Return the outcome that stands, or None when the proposal is to be decided (again).

    A refusal that only stood for an engine failure binds the claim it was given in and no later one. Raises `Tampered`
    when the record cannot be one of ours.
    """
    match known.state:
        case "waiting" | "started":
            return None
        case "denied":
            before = earlier("deny", known.reasons, run)
            over = before.unanswered and known.fence < run.fence
            return None if over else Denied(request=request, decision=before, action_id=known.id)
        case "done":
            if known.result is None:  # every tool leaves one, so it was a person who found that it happened
                return Settled(action_id=known.id)
            if tool is None:
                raise Tampered(what=f"action {known.id}", why="it is done by a tool that is not there")
            return Done(action_id=known.id, value=tool.result.model_validate_json(known.result))
        case "failed":
            return Failed(
                action_id=known.id, code="failed_before", detail="an earlier attempt failed, or was found not to have happened"
            )
        case "unknown":
            return Unknown(action_id=known.id, detail="an earlier attempt may have acted")
        case _:
            assert_never(known.state)


def earlier(effect: Effect, reasons: tuple[Reason, ...], run: Run) -> Decision:
    """Return the decision that an earlier proposal or claim recorded."""
    return Decision(effect=effect, reasons=reasons, obligations=(), revision=run.revision, engine="record")
