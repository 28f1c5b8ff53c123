"""Planning: a planner says what it is going to do, before it reads anything.

The tool does nothing: that the plan was stated, and when, is what counts. It is decided, recorded
and sealed as any other call, and proves later calls from there.
"""

from typing import Any, Final

from interlock.runtime.door.plan.plan import Plan
from interlock.runtime.door.tool import Tool, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import TRUSTED
from interlock.runtime.policy.request import Resource
from interlock.runtime.run.done import PLAN

_PLACE: Final = Resource(
    type="plan",
    id="",
    clearance="confidential",
)


class Stated(Value):
    """A plan that was stated."""

    steps: int


@tool(
    PLAN,
    action="pure",
    resource=lambda _: _PLACE,
    yields=lambda *_: TRUSTED,
)
async def _state(
    permit: Permit,
    plan: Plan,
) -> Stated:
    """State what you are going to do, once and before you read anything.

    Each step names a tool and its arguments: a value, or an expression over the results of earlier
    steps. Leave out an argument that you will only know later.
    """
    return Stated(steps=len(plan.steps))


#: The tool plan.state, for any agent that plans
planning: Final[Tool[Any, Any]] = _state
