"""Verdicts: one person's yes or no to what was shown, given and recorded in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import RowMapping, update

from interlock.runtime.canonical import Json
from interlock.runtime.policy.request import Principal, Verdict, identity
from interlock.runtime.record.events import ApprovalDecided, Finding, Sealed
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import (
    approval_step,
    attention,
    budget,
    canary,
    difference,
    edit,
    look,
    opening,
    turn,
)
from interlock.runtime.run.approval import State, four_eyes
from interlock.runtime.run.approval_step import Deed
from interlock.runtime.run.canary import Opened
from interlock.runtime.run.cancellation import cancel
from interlock.runtime.run.erasure import key_of
from interlock.runtime.run.look import Look
from interlock.runtime.run.question import Approval, open_now, opened, row_named
from interlock.runtime.run.quorum import Quorum, Seat, seat_for, unfilled
from interlock.runtime.run.refusal import refused


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One approval as a person was shown it."""

    approval: str
    #: The digest of the evidence
    evidence: str
    #: The evidence itself, where the person has it still: only to say what is other now
    seen: Mapping[str, Json] | None = None
    #: Whether it is decided with another one, whose look counts for both
    beside: bool = False


def judge(
    tx: Tx,
    vault: Vault,
    shown: Shown,
    *,
    reviewer: Principal,
    verdict: Verdict,
    note: str,
    proposal: dict[str, Json] | None = None,
) -> Approval:
    """Record *reviewer*'s verdict on what was *shown*; return the approval as it was before.

    The verdict fills one seat. The approval is approved with the verdict that fills the last seat,
    and rejected with the first no; a no may hold a *proposal*, the arguments that the reviewer
    would agree to. Raises `NotFound`, and `BadInput` when the approval waits no
    more ("expired", "decided_already", "not_waiting"), when other evidence was shown
    ("evidence_changed"), when the person gave a verdict before ("voted_already"), and as
    `four_eyes` and `erasure.key_of` do.
    """
    row, key, approval = _locked(tx, vault, shown.approval)
    _object(tx, key, row, approval, shown)
    seat = seat_of(approval, reviewer, note=note)
    keep_editors_apart(tx, key, approval, reviewer)
    taken = look.charge(tx, vault, approval, person=reviewer.id, beside=shown.beside)
    deed = replace(
        _deed(shown, seat, reviewer, verdict, note),
        proposal=proposal,
        opened=taken.opened,
    )
    values = _after(approval, seat, verdict)
    told = _told(vault, approval, values["state"])
    sealed = _decide(
        tx, key, row, deed, values=values | told.columns, number=len(approval.steps)
    )
    decided = _decided(approval, row["digest"], key, deed, sealed)
    _recorded(tx, vault, row, key, _with(decided, values, told, taken))
    return approval


def _recorded(
    tx: Tx,
    vault: Vault,
    row: RowMapping,
    key: DataKey,
    decided: ApprovalDecided,
) -> None:
    """Enter the verdict; the last one on a canary tells who met it, and ends its run."""
    if decided.nature != "canary":
        tx.events.append(decided)
        return
    tx.events.append(replace(decided, met=_met(tx, vault, row, key)))
    cancel(
        tx,
        vault,
        row["run_id"],
        by=decided.finding.reviewer,
        undo=False,
    )


def _met(
    tx: Tx, vault: Vault, row: RowMapping, key: DataKey
) -> Sequence[Mapping[str, Json]]:
    """Keep who met the canary whose last verdict is written, and return that."""
    met = attention.meetings(vault, approval_step.of(tx.connection, key, row))
    attention.keep(tx, row["id"], tenant=row["tenant"], met=met)
    return met


def _locked(
    tx: Tx, vault: Vault, approval_id: str
) -> tuple[RowMapping, DataKey, Approval]:
    """Return the approval, whose row is locked until the transaction ends."""
    row = row_named(tx.connection, approval_id, lock=True)
    key = key_of(tx.connection, vault, row["run_id"])
    steps = approval_step.of(tx.connection, key, row)
    return row, key, opened(row, key, tx.now, steps=steps)


def keep_editors_apart(
    tx: Tx, key: DataKey, approval: Approval, reviewer: Principal
) -> None:
    """Refuse whoever wrote an edit of what the tool asks for in the run ("own_edit")."""
    written = edit.edits(tx.connection, key, run_id=approval.run_id, tool=approval.tool)
    if identity(reviewer.id) in edit.editors(written):
        what = f"approval {approval.id}"
        raise refused("own_edit", what=what, person=reviewer.id)


def _deed(
    shown: Shown, seat: Seat, reviewer: Principal, verdict: Verdict, note: str
) -> Deed:
    return Deed(
        kind=verdict,
        person=reviewer.id,
        roles=reviewer.roles,
        seat=seat.role,
        role=seat.by,
        text=note,
        shown=shown.evidence,
    )


def _with(
    decided: ApprovalDecided, values: Mapping[str, Any], told: Opened, taken: Look
) -> ApprovalDecided:
    """Return the entry with what comes of the verdict."""
    return replace(
        decided,
        state=values["state"],
        next=values["role"],
        nature=told.nature or "",
        opening=told.opening,
        spent=taken.spent,
        freed=taken.freed,
        overrun=taken.overrun,
    )


def _told(vault: Vault, approval: Approval, state: State) -> Opened:
    """Return what is told of the nature of an approval: nothing while it waits for more people."""
    if state == "waiting":
        return Opened()
    return canary.opened(vault, approval_id=approval.id, run_id=approval.run_id)


def _decided(
    approval: Approval,
    bind: str,
    key: DataKey,
    deed: Deed,
    sealed: Sealed,
) -> ApprovalDecided:
    """Return the entry of a verdict of which it is not said yet what comes of it."""
    return ApprovalDecided(
        log=approval.tenant,
        run_id=approval.run_id,
        key=key,
        approval=approval.id,
        action=approval.action_id,
        state=approval.state,
        kind=deed.kind,
        number=len(approval.steps),
        seat=deed.seat,
        role=deed.role,
        next=approval.role,
        revision=approval.revision,
        digest=bind,
        evidence=deed.shown,
        person=identity(deed.person),
        requester=identity(approval.requester),
        finding=Finding(
            reviewer=deed.person,
            roles=deed.roles,
            requester=approval.requester,
            note=deed.text,
        ),
        proposal=deed.proposal,
        sealed=sealed,
    )


def seat_of(approval: Approval, person: Principal, *, note: str | None) -> Seat:
    """Return the open seat that *person* fills; raises as `judge` does where there is none.

    Without a *note* no reason is looked for.
    """
    what = f"approval {approval.id}"
    if any(identity(one.person) == identity(person.id) for one in approval.verdicts):
        raise refused("voted_already", what=what, person=person.id)
    seat = seat_for(approval.unfilled, person.roles)
    four_eyes(
        person,
        what=what,
        requester=approval.requester,
        role=approval.role if seat is None else seat.by,
        tenant=approval.tenant,
        note=note,
    )
    if seat is None:
        raise refused("decided_already", what=what, state=approval.state)
    return seat


def _after(approval: Approval, seat: Seat, verdict: Verdict) -> dict[str, Any]:
    """Return what the row says once *verdict* fills one of *seat*: its state, and who is next."""
    left = unfilled(approval.unfilled, [(seat.role, seat.by)])
    asked_next = left[0].by if left else approval.role
    return {"state": _reached(left, verdict), "role": asked_next}


def _reached(left: Quorum, verdict: Verdict) -> State:
    """Return where an approval stands with *verdict*, after which the seats in *left* are open."""
    if verdict == "rejected":
        return "rejected"
    return "waiting" if left else "approved"


def _decide(
    tx: Tx,
    key: DataKey,
    row: RowMapping,
    deed: Deed,
    *,
    values: Mapping[str, Any],
    number: int,
) -> Sealed:
    """Write the verdict and what the approval becomes; return what was sealed.

    A no gives back what was set aside for the action. While seats are open the run sleeps on.
    """
    sealed = approval_step.add(tx, key, row, deed, number=number)
    is_over = values["state"] != "waiting"
    approvals = tables.approval.c
    undecided = update(tables.approval).where(
        approvals.id == row["id"], approvals.state == "waiting"
    )
    changed = undecided.values(decided=tx.now if is_over else 0, **values)
    if tx.connection.execute(changed).rowcount != 1:
        raise refused(
            "decided_already", what=f"approval {row['id']}", state="decided just now"
        )
    if values["state"] == "rejected":
        budget.release(tx, action_id=row["action_id"])
    if is_over:
        opening.forget(tx.connection, row["id"])
        turn.decided(tx, row["run_id"])
    return {"content": sealed}


def _object(
    tx: Tx, key: DataKey, row: RowMapping, approval: Approval, shown: Shown
) -> None:
    """Refuse a verdict on what waits no more, or on something else than was shown.

    Where it was asked anew since, what is other is the difference to what waits now.
    """
    anew = difference.asked_anew(tx.connection, row)
    if anew is not None:
        steps = approval_step.of(tx.connection, key, anew)
        approval = opened(anew, key, tx.now, steps=steps)
    open_now(approval)
    if anew is None and shown.evidence == approval.evidence_digest:
        return
    raise difference.changed(
        tx.connection, key, approval, shown=shown.evidence, seen=shown.seen
    )
