"""Told: what a reviewer learns of a canary as soon as the verdict is given, and not before."""

from interlock.runtime.errors import NotFound
from interlock.serving.operations import looks
from interlock.serving.queue.visitor import Visitor


async def told(visitor: Visitor, approval_id: str) -> str:
    """Return whether the canary was caught, in words; empty for what is no canary of the tenant."""
    try:
        approval = await looks.approval(
            visitor.home,
            approval_id,
            person=visitor.person,
        )
    except NotFound:
        return ""
    if not approval.canary:
        return ""
    is_caught = any(step.kind == "rejected" for step in approval.verdicts)
    said = "You caught it." if is_caught else "It was approved, and nothing was done."
    return f"That was a canary, a request known to be bad. {said}"
