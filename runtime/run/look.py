"""Looks: the time of people, which a question sets aside and each verdict charges.

A question sets aside one look for each person it takes, beside what its action costs. A verdict
takes the share of one person out of that: the time that this person looked is spent, and the rest
is given back. What a look took beyond its share is said and charged to nobody, so no limit is
passed. Where nobody knows when the person was first shown it, the whole share is spent.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from interlock.runtime.policy.request import Amounts
from interlock.runtime.record.store import Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import budget, opening
from interlock.runtime.run.question import Approval


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What one verdict took of the time that was set aside for people, without what is nothing."""

    #: When the person was first shown it, in Unix seconds; 0 for nobody knows
    opened: int
    spent: Mapping[str, int]
    freed: Mapping[str, int]
    #: What it took beyond its share
    overrun: Mapping[str, int]


def charge(
    tx: Tx,
    vault: Vault,
    approval: Approval,
    *,
    person: str,
    beside: bool,
) -> Look:
    """Charge the look of *person*, who fills a seat of the approval, at every level.

    One that is decided *beside* another took no time of its own.
    """
    seats = sum(seat.count for seat in approval.unfilled)
    reserved = budget.reserved_for(tx, action_id=approval.action_id)
    share_ms = reserved.reviewer_ms // max(seats, 1)
    opened = opening.count(
        tx,
        vault,
        approval.id,
        tenant=approval.tenant,
        person=person,
    )
    taken_ms = share_ms if opened.seconds is None else opened.seconds * 1000
    if beside:
        taken_ms = 0
    spent_ms = min(taken_ms, share_ms)
    freed_ms = share_ms - spent_ms
    budget.charge_part(
        tx,
        action_id=approval.action_id,
        spent=Amounts(reviewer_ms=spent_ms),
        freed=Amounts(reviewer_ms=freed_ms),
    )
    return Look(
        opened=opened.at,
        spent=_counts(spent_ms),
        freed=_counts(freed_ms),
        overrun=_counts(taken_ms - spent_ms),
    )


def _counts(reviewer_ms: int) -> dict[str, int]:
    return {"reviewer_ms": reviewer_ms} if reviewer_ms else {}
