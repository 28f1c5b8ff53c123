"""Answers: what an application is told, as OpenID AuthZEN and its draft on approvals write it."""

from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from interlock.runtime.door.evaluations import Evaluated
from interlock.runtime.policy.decision import Decision

Document: TypeAlias = dict[str, Any]
NextAction: TypeAlias = Literal["request", "retry", "none"]
#: Why a reference to an approval did not help
Unhelpful: TypeAlias = Literal[
    "approval_unverifiable",
    "out_of_scope",
    "approval_pending",
    "approval_rejected",
    "approval_used",
    "approval_expired",
    "policy_denied",
    "engine_unavailable",
]
NEXT: Final[dict[Unhelpful, NextAction]] = {
    "approval_unverifiable": "none",
    "out_of_scope": "request",
    "approval_pending": "retry",
    "approval_rejected": "none",
    "approval_used": "request",
    "approval_expired": "request",
    "policy_denied": "none",
    "engine_unavailable": "retry",
}
RETRY_S: Final = 5


def moment(seconds: int) -> str:
    """Return Unix *seconds* as RFC 3339 writes them."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def of(evaluated: Evaluated) -> Document:
    """Return the answer to one question."""
    return of_decision(
        evaluated.decision,
        name=evaluated.id,
        at=evaluated.at,
    )


def of_decision(decision: Decision, *, name: str, at: int) -> Document:
    """Return the answer that *decision* gives; it is in the ledger under *name*."""
    codes = [reason.code for reason in decision.reasons]
    return {
        "decision": decision.effect == "permit",
        "context": {
            "evaluation_id": name,
            "evaluated_at": moment(at),
            "revision": decision.revision,
            "reason": codes[0] if codes else "undefined",
            "reasons": [
                {
                    "code": reason.code,
                    "rule": reason.rule,
                    "message": reason.message,
                }
                for reason in decision.reasons
            ],
        },
    }


def unhelped(answer: Document, why: Unhelpful) -> Document:
    """Return a denial that says *why* the approval referred to did not help, and what to do next.

    A new request is the next step only where the denial can be requested.
    """
    context: Document = dict(answer["context"])
    following = NEXT[why]
    if following == "request" and "access_request" not in context:
        following = "none"
    if following != "request":
        context.pop("access_request", None)
    context |= {"reason": why, "next_action": following}
    if following == "retry":
        context["retry_after"] = RETRY_S
    return {"decision": False, "context": context}
