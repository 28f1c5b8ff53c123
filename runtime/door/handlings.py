"""Handling questions through the door for people: each time an act of its own."""

from typing import assert_never

from interlock.runtime.canonical import Json
from interlock.runtime.door.acts import Acts
from interlock.runtime.policy.act import Act
from interlock.runtime.policy.request import Principal
from interlock.runtime.run import subject
from interlock.runtime.run.approvals import Approvals
from interlock.runtime.run.handling import (
    Delegation,
    Escalation,
    Handling,
    Inquiry,
    Look,
)


async def handle(
    approvals: Approvals,
    acts: Acts,
    approval_id: str,
    handling: Handling,
    *,
    person: Principal,
) -> None:
    """Do what *person* wants done about an approval that waits.

    Raises `NotPermitted` when the policy denies the act, and what `handling.handle` raises.
    """

    async def work() -> None:
        await approvals.handle(approval_id, handling, person=person)

    act, arguments = _asked(handling)
    await acts.perform(
        act,
        work,
        person=person,
        arguments={"approval": approval_id, **arguments},
        look=subject.approval(approval_id),
    )


def _asked(handling: Handling) -> tuple[Act, dict[str, Json]]:
    """Return the act that *handling* is, and what it says."""
    match handling:
        case Look(kind="claimed"):
            return "approval.claim", {}
        case Look():
            return "approval.release", {}
        case Delegation(to=to, note=note):
            return "approval.delegate", {"to": to.id, "note": note}
        case Escalation(to=role, note=note):
            return "approval.escalate", {"to": role, "note": note}
        case Inquiry(kind="asked", note=note):
            return "approval.ask", {"note": note}
        case Inquiry(note=note):
            return "approval.answer", {"note": note}
        case _:
            assert_never(handling)
