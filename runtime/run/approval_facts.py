"""What the policy is told of the verdicts on one request: all of them, in one form for one name."""

from typing import Final

from sqlalchemy import Connection, RowMapping, select

from interlock.runtime.errors import Tampered
from interlock.runtime.policy.request import ApprovalFact, Verdict, identity
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import approval, approval_step
from interlock.runtime.run.approval_step import Step

_APPROVALS: Final = tables.approval.c


def facts(
    connection: Connection,
    key: DataKey,
    *,
    run_id: str,
    action_id: str,
    digest: str,
    is_open: bool,
) -> tuple[ApprovalFact, ...]:
    """Return the verdicts given on exactly this request of this run.

    Those of a question that still waits are among them: the policy counts for itself. While the
    action *is_open*, started and not finished, its verdicts still serve: going on with the action
    is no second use. Raises `Tampered` for a verdict that was moved or changed, and for an approval
    that says something else than its verdicts.
    """
    query = select(tables.approval).where(
        _APPROVALS.run_id == run_id,
        _APPROVALS.action_id == action_id,
        _APPROVALS.digest == digest,
        _APPROVALS.state.in_(("waiting", "approved", "rejected", "used")),
    )
    rows = connection.execute(query).mappings().all()
    return tuple(
        fact for row in rows for fact in _facts(connection, key, row, is_open=is_open)
    )


def _facts(
    connection: Connection, key: DataKey, row: RowMapping, *, is_open: bool
) -> list[ApprovalFact]:
    steps = approval_step.of(connection, key, row)
    given = [(step, step.verdict) for step in steps if step.verdict is not None]
    _agree(row, [verdict for _, verdict in given])
    return [_fact(key, row, step, verdict, is_open=is_open) for step, verdict in given]


def _agree(row: RowMapping, verdicts: list[Verdict]) -> None:
    """Raise `Tampered` for an approval that stands where its verdicts cannot have put it."""
    is_rejected = "rejected" in verdicts
    if is_rejected != (row["state"] == "rejected"):
        raise Tampered(
            what=f"approval {row['id']}", why=f"it is {row['state']} against a verdict"
        )
    if row["state"] in {"approved", "used"} and not verdicts:
        raise Tampered(
            what=f"approval {row['id']}", why=f"it is {row['state']} by nobody"
        )


def _fact(
    key: DataKey, row: RowMapping, step: Step, verdict: Verdict, *, is_open: bool
) -> ApprovalFact:
    return ApprovalFact(
        id=row["id"],
        verdict=verdict,
        reviewer=identity(step.person),
        reviewer_roles=step.roles,
        requester=identity(approval.requester(key, row)),
        expires=row["expires"],
        revision=row["revision"],
        used=row["state"] == "used" and not is_open,
        seat=step.seat,
        role=step.role,
    )
