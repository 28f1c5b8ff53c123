"""Which call stands in for a failed one: the tool names it, and the door proposes it anew."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.outcome import Failed, Outcome
from interlock.runtime.door.proposal import caller_of
from interlock.runtime.door.target import Failure
from interlock.runtime.door.tool import arguments_json
from interlock.runtime.run.run import Run


async def standing_in(
    pep: EnforcementPoint,
    run: Run,
    *,
    tool: str,
    arguments: Mapping[str, Any],
    outcome: Outcome,
) -> Mapping[str, Any] | None:
    """Return the arguments of the call that stands in for one that ended with *outcome*.

    None where nothing does: the call did not fail, or its tool knows no other. Only the tool is
    asked, never the agent, and what the tool names is a new action for the policy.
    """
    known = pep.by_agent.get(run.agent, {}).get(tool)
    if known is None or known.instead is None or not isinstance(outcome, Failed):
        return None
    try:
        value = known.arguments.model_validate(arguments)
    except ValidationError:
        return None
    caller = caller_of(await pep.pip.current(run, known))
    failure = Failure(code=outcome.code, detail=outcome.detail)
    other = known.instead(value, caller, failure)
    return None if other is None else arguments_json(other)
