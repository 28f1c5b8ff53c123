"""Verdicts: one person's yes or no to what was shown, given and recorded in one transaction."""

from dataclasses import dataclass
from typing import assert_never

from sqlalchemy import RowMapping, update

from interlock.runtime.canonical import canonical
from interlock.runtime.policy.request import Principal, Verdict
from interlock.runtime.record.events import ApprovalDecided, Finding, Sealed
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import budget, turn
from interlock.runtime.run.approval import four_eyes, place
from interlock.runtime.run.erasure import key_of
from interlock.runtime.run.question import Approval, opened, row_named
from interlock.runtime.run.refusal import refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One approval as a person was shown it."""

    approval: str
    #: The digest of the evidence
    evidence: str


def judge(
    tx: Tx,
    vault: Vault,
    shown: Shown,
    *,
    reviewer: Principal,
    verdict: Verdict,
    note: str,
) -> Approval:
    """Record *reviewer*'s verdict on what was *shown*; return the approval as it was before.

    Raises `NotFound`, and `BadInput` when the approval waits no more ("expired", "decided_already",
    "not_waiting"), when other evidence was shown ("evidence_changed"), and as `four_eyes` and
    `erasure.key_of` do.
    """
    row = row_named(tx.connection, shown.approval, lock=True)
    key = key_of(tx.connection, vault, row["run_id"])
    approval = opened(row, key, tx.now)
    _object(approval, reviewer, shown=shown.evidence, note=note)
    sealed = _decide(
        tx,
        row,
        key,
        reviewer=reviewer,
        verdict=verdict,
        note=note,
    )
    tx.events.append(
        ApprovalDecided(
            log=approval.tenant,
            run_id=approval.run_id,
            key=key,
            approval=approval.id,
            action=approval.action_id,
            state=verdict,
            revision=approval.revision,
            digest=row["digest"],
            evidence=shown.evidence,
            finding=Finding(
                reviewer=reviewer.id,
                roles=reviewer.roles,
                requester=approval.requester,
                note=note,
            ),
            sealed=sealed,
        )
    )
    return approval


def _decide(
    tx: Tx,
    row: RowMapping,
    key: DataKey,
    *,
    reviewer: Principal,
    verdict: Verdict,
    note: str,
) -> Sealed:
    """Move the approval from waiting to the verdict, once; return what was sealed into its row.

    A no gives back what was set aside for the action.
    """
    roles = canonical(reviewer.roles)
    if verdict == "rejected":
        budget.release(tx, action_id=row["action_id"])
    sealed: Sealed = {
        "reviewer": key.seal(
            reviewer.id.encode(), place=place(row, "reviewer", state=verdict)
        ),
        "reviewer_roles": key.seal(
            roles, place=place(row, "reviewer_roles", state=verdict)
        ),
        "note": key.seal(note.encode(), place=f"approval/{row['id']}/note"),
    }
    values = {"state": verdict, "decided": tx.now, **sealed}
    approvals = tables.approval.c
    undecided = update(tables.approval).where(
        approvals.id == row["id"], approvals.state == "waiting"
    )
    if tx.connection.execute(undecided.values(values)).rowcount != 1:
        raise refused(
            "decided_already", what=f"approval {row['id']}", state="decided just now"
        )
    turn.decided(tx, row["run_id"])
    return sealed


def _object(approval: Approval, reviewer: Principal, *, shown: str, note: str) -> None:
    """Refuse a verdict that may not be given."""
    what = f"approval {approval.id}"
    match approval.state:
        case "waiting":
            pass
        case "expired":
            raise refused("expired", what=what)
        case "withdrawn":
            raise refused("not_waiting", what=what, state=approval.state)
        case "approved" | "rejected" | "used":
            raise refused("decided_already", what=what, state=approval.state)
        case _:
            assert_never(approval.state)
    if shown != approval.evidence_digest:
        raise refused(
            "evidence_changed",
            what=what,
            shown=shown[:12],
            evidence=approval.evidence_digest[:12],
        )
    four_eyes(
        reviewer,
        what=what,
        requester=approval.requester,
        role=approval.role,
        tenant=approval.tenant,
        note=note,
    )
