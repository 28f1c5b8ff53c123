"""Told: what a reviewer learns of a canary as soon as the verdict is given, and not before."""

from interlock.runtime.errors import NotFound
from interlock.serving.operations import looks
from interlock.serving.queue.evidence import is_mine
from interlock.serving.queue.visitor import Visitor


async def told(visitor: Visitor, approval_id: str) -> str:
    """Return in words whether this person caught the canary; empty where he or she did not decide.

    Empty, too, for what is no canary of the tenant, or is not decided yet.
    """
    try:
        approval = await looks.approval(
            visitor.home,
            approval_id,
            person=visitor.person,
        )
    except NotFound:
        return ""
    own = [step for step in approval.verdicts if is_mine(visitor, step.person)]
    if not approval.canary or not own:
        return ""
    is_caught = own[-1].kind == "rejected"
    said = "You caught it." if is_caught else "It was approved, and nothing was done."
    return f"That was a canary, a request known to be bad. {said}"
