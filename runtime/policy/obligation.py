"""Obligations: what the policy demands before the act. One that is not understood is a deny."""

from dataclasses import dataclass
from typing import Final

from interlock.runtime.policy.decision import RUNTIME, Decision, Reason

LONGEST_WAIT_S: Final = 30 * 24 * 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Duties:
    """The obligations of one decision, understood."""

    #: The role whose member must approve, or None when nobody must
    role: str | None
    ttl_s: int


def understand(decision: Decision) -> Duties | Reason:
    """Return what must be done before the act, or the reason why it cannot be (fails closed, XACML 3.0 section 7.2.2)."""
    duties = Duties(role=None, ttl_s=0)
    for obligation in decision.obligations:
        if obligation.kind == "reserve":
            continue  # every cost is reserved, asked or not
        role, ttl_s = obligation.parameters.get("role"), obligation.parameters.get("ttl_s")
        understood = (
            isinstance(role, str) and isinstance(ttl_s, int) and 0 < ttl_s <= LONGEST_WAIT_S
        )
        if obligation.kind != "approve" or duties.role is not None or not understood:
            return Reason(
                code="obligation_unknown",
                rule=RUNTIME,
                parameters={"kind": obligation.kind},
                message=f"The policy demands {obligation.kind!r}, which this runtime cannot discharge.",
            )
        duties = Duties(role=str(role), ttl_s=int(str(ttl_s)))
    return duties
