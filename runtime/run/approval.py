"""Approvals: people's verdicts on one request, under one policy revision, on evidence shown.

    waiting -> approved -> used
       |    |     +----> withdrawn
       |    +-> rejected
       |    +-> expired
       +------> withdrawn

One that nobody decided in time is expired, whether that is recorded yet or not. The policy says
how many people of which roles it takes; one no is a no. An approval permits nothing by itself: its
verdicts are facts that the policy reads when it is asked again. They serve once, together, and
expire. A verdict is refused when the reviewer is the person it was requested for or is of another
tenant. Every check fails closed.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from interlock.runtime.canonical import Json, canonical, digest
from interlock.runtime.policy.bounds import Bounds
from interlock.runtime.policy.decision import Reason
from interlock.runtime.policy.request import (
    AccessRequest,
    OpenApprovals,
    Principal,
    identity,
)
from interlock.runtime.record.events import ApprovalAsked
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import canary, quorum
from interlock.runtime.run.quorum import Quorum
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import Run, requester_of

State: TypeAlias = Literal[
    "waiting", "approved", "rejected", "expired", "used", "withdrawn"
]
_APPROVALS: Final = tables.approval.c
#: How many other questions than the action's own wait: of one run, and of its tenant
OPEN_OF_RUN: Final = (
    select(func.count())
    .select_from(tables.approval)
    .where(
        _APPROVALS.run_id == bindparam("of_run"),
        _APPROVALS.state == "waiting",
        _APPROVALS.expires > bindparam("at"),
        _APPROVALS.action_id != bindparam("action"),
    )
    .scalar_subquery()
)
OPEN_OF_TENANT: Final = (
    select(func.count())
    .select_from(tables.approval)
    .where(
        _APPROVALS.tenant == bindparam("of_tenant"),
        _APPROVALS.state == "waiting",
        _APPROVALS.expires > bindparam("at"),
        _APPROVALS.action_id != bindparam("action"),
    )
    .scalar_subquery()
)
_OPEN: Final = Statement(
    select(OPEN_OF_RUN.label("of_run"), OPEN_OF_TENANT.label("of_tenant"))
)
SHORTEST_NOTE: Final = 3  # characters: a verdict without a reason is a rubber stamp


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What to put before a reviewer."""

    request: AccessRequest
    action_id: str
    quorum: Quorum
    ttl_s: int
    #: After how many seconds it is shown as overdue
    overdue_s: int
    revision: str
    reasons: tuple[Reason, ...]


def ask(
    tx: Tx,
    *,
    run: Run,
    vault: Vault,
    asked: Asked,
    now: int,
) -> str:
    """Put the request before the reviewers and return the approval's id.

    Asking again returns the id of the open approval. Verdicts on the action that no longer serve
    are withdrawn with their question.
    """
    open_approval = waiting(tx.connection, action_id=asked.action_id)
    if open_approval is not None:
        return open_approval
    _supersede(tx, action_id=asked.action_id)
    key = vault.key(tx.connection, run.id)
    row = _row(run, key, asked, now=now) | {"created": tx.now}
    row["nature"] = canary.promised(vault, approval_id=row["id"], run_id=run.id)
    tx.connection.execute(insert(tables.approval).values(row))
    tx.events.append(_requested(row, asked, key))
    return str(row["id"])


def _row(
    run: Run,
    key: DataKey,
    asked: Asked,
    *,
    now: int,
) -> dict[str, Any]:
    approval_id = f"apr-{secrets.token_hex(6)}"
    request = asked.request
    evidence = _evidence(asked, run)
    return {
        "id": approval_id,
        "run_id": run.id,
        "action_id": asked.action_id,
        "tenant": run.tenant,
        "tool": request.action.tool,
        "digest": request.digest,
        "revision": asked.revision,
        "requester": key.seal(
            requester_of(request.principal).encode(), place=_requester_at(approval_id)
        ),
        "role": asked.quorum[0].by,
        "quorum": quorum.written(asked.quorum),
        "evidence": key.seal(canonical(evidence), place=f"approval/{approval_id}"),
        "evidence_digest": digest(evidence),
        "state": "waiting",
        "overdue": now + min(asked.overdue_s, asked.ttl_s),
        "expires": now + asked.ttl_s,
        "decided": 0,
        "canary": 0,
    }


def _requested(
    row: Mapping[str, Any],
    asked: Asked,
    key: DataKey,
) -> ApprovalAsked:
    return ApprovalAsked(
        log=row["tenant"],
        run_id=row["run_id"],
        key=key,
        approval=row["id"],
        action=asked.action_id,
        tool=row["tool"],
        role=row["role"],
        quorum=row["quorum"],
        revision=asked.revision,
        digest=asked.request.digest,
        evidence=row["evidence_digest"],
        overdue=row["overdue"],
        expires=row["expires"],
        nature=row["nature"],
        sealed={"requester": row["requester"], "evidence": row["evidence"]},
    )


def open_facts(row: Row) -> OpenApprovals:
    """Return how many other questions wait, as `open_of_run` and `open_of_tenant` in *row* say."""
    return OpenApprovals(run=row["open_of_run"], tenant=row["open_of_tenant"])


def is_crowded(
    tx: Tx,
    *,
    run: Run,
    action_id: str,
    bounds: Bounds,
) -> bool:
    """Whether as many other questions of the run, or of its tenant, wait as may wait at a time.

    The head of the tenant's log is held, so no other transaction asks at the same time.
    """
    place = {
        "of_run": run.id,
        "of_tenant": run.tenant,
        "at": tx.now,
        "action": action_id,
    }
    row = _OPEN.one(tx.connection, place)
    return row is None or (
        row["of_run"] >= bounds.open_of_run or row["of_tenant"] >= bounds.open_of_tenant
    )


def use(
    tx: Tx,
    *,
    approval_id: str,
    action_id: str,
) -> bool:
    """Use an approved verdict for its action and say whether the verdict was still there to use."""
    approvals = tables.approval.c
    unused = update(tables.approval).where(
        approvals.id == approval_id,
        approvals.action_id == action_id,
        approvals.state == "approved",
    )
    return tx.connection.execute(unused.values(state="used")).rowcount == 1


def withdraw(
    tx: Tx,
    *,
    run_id: str,
    states: tuple[State, ...] = ("waiting", "approved"),
) -> None:
    """Withdraw what is in one of *states*: of a run that has ended, what was not used."""
    approvals = tables.approval.c
    open_approvals = update(tables.approval).where(
        approvals.run_id == run_id, approvals.state.in_(states)
    )
    tx.connection.execute(open_approvals.values(state="withdrawn"))


def _supersede(
    tx: Tx,
    *,
    action_id: str,
) -> None:
    """Withdraw what was approved of the action before; the policy asks again all the same."""
    approvals = tables.approval.c
    approved = update(tables.approval).where(
        approvals.action_id == action_id, approvals.state == "approved"
    )
    tx.connection.execute(approved.values(state="withdrawn"))


def waiting(
    connection: Connection,
    *,
    action_id: str,
) -> str | None:
    """Return the id of the approval that the action waits for, or None."""
    approvals = tables.approval.c
    query = select(approvals.id).where(
        approvals.action_id == action_id, approvals.state == "waiting"
    )
    return connection.execute(query).scalar_one_or_none()


def four_eyes(
    reviewer: Principal,
    *,
    what: str,
    requester: str,
    role: str,
    tenant: str,
    note: str | None,
) -> None:
    """Refuse a verdict on *what* by anybody but an entitled other person who says why.

    Raises `BadInput` with the codes "nobody", "own_request", "wrong_tenant", "role_missing" and
    "note_missing" (fails closed); where the note is None no reason is looked for. This comes before
    anything is recorded, so the policy is never told of a verdict from another tenant: its facts
    need no tenant for each reviewer.
    """
    name = identity(reviewer.id)
    if not name:
        raise refused("nobody", what=what)
    if name == identity(requester):
        raise refused("own_request", what=what, person=reviewer.id)
    if reviewer.tenant != tenant:
        raise refused(
            "wrong_tenant",
            what=what,
            person=reviewer.id,
            of=reviewer.tenant,
            tenant=tenant,
        )
    if role not in reviewer.roles:
        raise refused(
            "role_missing",
            what=what,
            person=reviewer.id,
            role=role,
        )
    if note is not None and len(note.strip()) < SHORTEST_NOTE:
        raise refused("note_missing", what=what)


def requester(
    key: DataKey,
    row: RowMapping,
) -> str:
    """Return for whom it was asked."""
    return key.open(row["requester"], place=_requester_at(row["id"])).decode()


def _requester_at(approval_id: str) -> str:
    return f"approval/{approval_id}/requester"


def _evidence(
    asked: Asked,
    run: Run,
) -> dict[str, Json]:
    """Return what the reviewer is shown, whole."""
    request = asked.request
    labels = request.context.labels
    return {
        "digest": request.digest,
        "tool": request.action.tool,
        "class": request.action.action_class,
        "arguments": request.action.arguments,
        "revision": asked.revision,
        "pins": dict(run.pins),
        "release": run.release,
        "resource": {"type": request.resource.type, "id": request.resource.id},
        "agent": request.principal.id,
        "on_behalf_of": request.principal.on_behalf_of,
        "labels": {
            name: [label.integrity, label.confidentiality]
            for name, label in labels.items()
        },
        "reasons": [reason.message or reason.code for reason in asked.reasons],
        "codes": sorted(f"{reason.rule}/{reason.code}" for reason in asked.reasons),
    }
