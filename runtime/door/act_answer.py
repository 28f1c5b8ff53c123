"""The policy's answer on an act of a person: what the answer permits, and the error that denies."""

from interlock.runtime.errors import InterlockError, NotPermitted, Unanswered
from interlock.runtime.policy.decision import Decision, Reason
from interlock.runtime.policy.obligation import understand, undischarged
from interlock.runtime.policy.request import AccessRequest


def without_duties(decision: Decision) -> Decision:
    """Return *decision*, or the denial of a permit with a duty: an act waits for nobody else."""
    if decision.effect == "deny":
        return decision
    duties = understand(decision)
    if isinstance(duties, Reason):
        return decision.denied(duties)
    if duties.seats:
        return decision.denied(undischarged("approve"))
    return decision


def refusal(
    request: AccessRequest,
    decision: Decision,
    *,
    named: bool = False,
) -> InterlockError:
    """Return the error of a denied act, which says what the act was about if *named*."""
    act = request.action.tool
    codes = tuple(reason.code for reason in decision.reasons)
    why = " ".join(reason.message or f"{reason.code}." for reason in decision.reasons)
    if named:
        why = f"{request.resource.id}: {why}"
    if decision.unanswered:
        return Unanswered(run_id="", tool=act, codes=codes, why=why)
    return NotPermitted(act=act, person=request.principal.id, codes=codes, why=why)
