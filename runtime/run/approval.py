"""Approvals: one person's verdict on one request digest, under one policy revision, on the evidence that was shown.

    waiting -> approved -> used
       |    -> rejected
       +    -> withdrawn

One that nobody decided in time is shown as expired. An approval permits nothing by itself: it is a
fact the policy reads when it is asked again. It serves once, expires, and is refused when the
reviewer is the one it was requested for or is of another tenant. Every check fails closed.
"""

import secrets
from dataclasses import dataclass
from typing import Literal, TypeAlias

import orjson
from sqlalchemy import Connection, RowMapping, insert, select, update

from interlock.runtime.canonical import Json, canonical, digest
from interlock.runtime.errors import BadInput, NotFound, Tampered
from interlock.runtime.policy.decision import Reason
from interlock.runtime.policy.request import AccessRequest, ApprovalFact, Principal, Verdict
from interlock.runtime.record.events import ApprovalAsked, ApprovalDecided, Finding
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run.four_eyes import objection
from interlock.runtime.run.run import Run

State: TypeAlias = Literal["waiting", "approved", "rejected", "expired", "used", "withdrawn"]
Column: TypeAlias = Literal["requester", "reviewer", "reviewer_roles"]
_c = tables.approval.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """One approval as it stands, with the evidence its reviewer is shown."""

    id: str
    run_id: str
    action_id: str
    tenant: str
    tool: str
    state: State
    requester: str
    role: str
    reviewer: str
    evidence: dict[str, Json]
    evidence_digest: str
    revision: str
    created: int
    expires: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What to put before a reviewer."""

    request: AccessRequest
    action_id: str
    role: str
    ttl_s: int
    revision: str
    reasons: tuple[Reason, ...]


def ask(tx: Tx, *, run: Run, vault: Vault, asked: Asked, now: int) -> str:
    """Put the request before the reviewers and return the approval's id; asking again returns the open one."""
    if (known := waiting(tx.connection, action_id=asked.action_id)) is not None:
        return known
    approval_id = f"apr-{secrets.token_hex(6)}"
    request, key = asked.request, vault.key(tx.connection, run.id)
    evidence, shown = _evidence(asked)
    requester = request.principal.on_behalf_of or request.principal.id
    row = {
        "id": approval_id,
        "run_id": run.id,
        "action_id": asked.action_id,
        "tenant": run.tenant,
        "tool": request.action.tool,
        "digest": request.digest,
        "revision": asked.revision,
        "requester": key.seal(requester.encode(), place=f"approval/{approval_id}/requester"),
        "role": asked.role,
        "evidence": key.seal(evidence, place=f"approval/{approval_id}"),
        "evidence_digest": shown,
        "state": "waiting",
        "reviewer": None,
        "reviewer_roles": None,
        "created": now,
        "expires": now + asked.ttl_s,
        "decided": 0,
    }
    tx.connection.execute(insert(tables.approval).values(row))
    tx.events.append(
        ApprovalAsked(
            log=run.tenant,
            run_id=run.id,
            key=key,
            approval=approval_id,
            action=asked.action_id,
            tool=request.action.tool,
            role=asked.role,
            revision=asked.revision,
            digest=request.digest,
            evidence=shown,
            expires=now + asked.ttl_s,
        )
    )
    return approval_id


def use(tx: Tx, *, approval_id: str, action_id: str) -> bool:
    """Spend an approved verdict on its action and say whether it was still there to spend."""
    there = update(tables.approval).where(
        _c.id == approval_id, _c.action_id == action_id, _c.state == "approved"
    )
    return tx.connection.execute(there.values(state="used")).rowcount == 1


def facts(
    connection: Connection, key: DataKey, *, run_id: str, action_id: str, digest: str, is_open: bool
) -> tuple[ApprovalFact, ...]:
    """Return the verdicts given on exactly this request of this run.

    While the action *is_open*, started and not finished, its verdict still serves: going on with it
    is no second use.
    """
    given = select(tables.approval).where(
        _c.run_id == run_id,
        _c.action_id == action_id,
        _c.digest == digest,
        _c.state.in_(("approved", "rejected", "used")),
    )
    return tuple(_fact(key, row, is_open=is_open) for row in connection.execute(given).mappings())


def _fact(key: DataKey, row: RowMapping, *, is_open: bool) -> ApprovalFact:
    if row["reviewer"] is None or row["reviewer_roles"] is None:
        raise Tampered(what=f"approval {row['id']}", why=f"it is {row['state']} by nobody")
    return ApprovalFact(
        id=row["id"],
        verdict=_verdict(row["state"]),
        reviewer=_person(key, row, "reviewer"),
        reviewer_roles=tuple(orjson.loads(_person(key, row, "reviewer_roles"))),
        requester=_person(key, row, "requester"),
        expires=row["expires"],
        revision=row["revision"],
        used=row["state"] == "used" and not is_open,
    )


def waiting(connection: Connection, *, action_id: str) -> str | None:
    """Return the id of the approval the action waits for, or None."""
    there = select(_c.id).where(_c.action_id == action_id, _c.state == "waiting")
    return connection.execute(there).scalar_one_or_none()


def lapsed(connection: Connection, *, action_id: str, now: int) -> bool:
    """Whether the action was put before a reviewer and nobody decided in time."""
    late = select(_c.id).where(
        _c.action_id == action_id, _c.state.in_(("waiting", "expired")), _c.expires <= now
    )
    return connection.execute(late).first() is not None


class Approvals:
    """The reviewers' side: list what waits, and decide it."""

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._store, self._vault = store, vault

    async def list(self, *, state: State | None = None) -> list[Approval]:
        """Return the approvals of runs that were not erased, newest first, optionally only those in *state*."""
        query = (
            select(tables.approval)
            .join(tables.data_key, tables.data_key.c.id == _c.run_id)
            .order_by(_c.created.desc(), _c.id)
        )
        query = query if state is None else query.where(_c.state == state)
        return await self._store.read(
            lambda connection: [
                self._of(connection, row) for row in connection.execute(query).mappings().all()
            ]
        )

    async def read(self, approval_id: str) -> Approval:
        """Return one approval; raises `NotFound`, or `Tampered` when the evidence is not what was recorded."""
        return await self._store.read(
            lambda connection: self._of(connection, _row(connection, approval_id))
        )

    async def decide(
        self, approval_id: str, *, reviewer: Principal, verdict: Verdict, shown: str, note: str
    ) -> None:
        """Record *reviewer*'s verdict on the evidence whose digest is *shown*; nothing acts until the run is resumed.

        Raises `BadInput` when it no longer waits, has expired, was shown differently, lacks a
        reason, or when the reviewer is the requester, is of another tenant or has not the role.
        """
        await self._store.write(
            lambda tx: self._decide(
                tx, approval_id, reviewer=reviewer, verdict=verdict, shown=shown, note=note
            )
        )

    def _decide(
        self,
        tx: Tx,
        approval_id: str,
        *,
        reviewer: Principal,
        verdict: Verdict,
        shown: str,
        note: str,
    ) -> None:
        approval = self._of(tx.connection, _row(tx.connection, approval_id))
        now = self._store.now(tx.connection)
        if (why := _objection(approval, reviewer, shown=shown, note=note, now=now)) is not None:
            raise BadInput(
                what=f"approval {approval_id}",
                why=why,
                next_step="Look at it with `interlock approvals show`.",
            )
        key, given = (
            self._vault.key(tx.connection, approval.run_id),
            {**_row(tx.connection, approval_id), "state": verdict},
        )
        values = {
            "state": verdict,
            "reviewer": key.seal(reviewer.id.encode(), place=_place(given, "reviewer")),
            "reviewer_roles": key.seal(
                canonical(reviewer.roles), place=_place(given, "reviewer_roles")
            ),
            "note": key.seal(note.encode(), place=f"approval/{approval_id}/note"),
            "decided": now,
        }
        still = (
            update(tables.approval)
            .where(_c.id == approval_id, _c.state == "waiting")
            .values(values)
        )
        if tx.connection.execute(still).rowcount != 1:
            raise BadInput(
                what=f"approval {approval_id}",
                why="somebody decided it just now",
                next_step="Show it.",
            )
        tx.events.append(
            ApprovalDecided(
                log=approval.tenant,
                run_id=approval.run_id,
                key=key,
                approval=approval_id,
                action=approval.action_id,
                state=verdict,
                revision=approval.revision,
                digest=str(given["digest"]),
                evidence=shown,
                finding=Finding(
                    reviewer=reviewer.id,
                    roles=reviewer.roles,
                    requester=approval.requester,
                    note=note,
                ),
            )
        )

    def _of(self, connection: Connection, row: RowMapping) -> Approval:
        key = self._vault.key(connection, row["run_id"])
        evidence = orjson.loads(key.open(row["evidence"], place=f"approval/{row['id']}"))
        if digest(evidence) != row["evidence_digest"] or evidence["digest"] != row["digest"]:
            raise Tampered(
                what=f"approval {row['id']}",
                why="its evidence is not what was put before the reviewer",
            )
        late = row["state"] == "waiting" and row["expires"] <= self._store.now(connection)
        return Approval(
            id=row["id"],
            run_id=row["run_id"],
            action_id=row["action_id"],
            tenant=row["tenant"],
            tool=row["tool"],
            state="expired" if late else row["state"],
            requester=_person(key, row, "requester"),
            role=row["role"],
            reviewer=_person(key, row, "reviewer"),
            evidence=evidence,
            evidence_digest=row["evidence_digest"],
            revision=row["revision"],
            created=row["created"],
            expires=row["expires"],
        )


def _objection(
    approval: Approval, reviewer: Principal, *, shown: str, note: str, now: int
) -> str | None:
    """Return why this verdict may not be given, or None."""
    if approval.state != "waiting" or approval.expires <= now:
        return f"it is {approval.state}, not waiting"
    if shown != approval.evidence_digest:
        return f"you were shown evidence {shown[:12]!r}, it is {approval.evidence_digest[:12]!r}"
    return objection(
        reviewer,
        requester=approval.requester,
        role=approval.role,
        tenant=approval.tenant,
        note=note,
    )


def _evidence(asked: Asked) -> tuple[bytes, str]:
    """Return what the reviewer is shown, whole and canonical, and its digest."""
    request = asked.request
    shown: dict[str, Json] = {
        "digest": request.digest,
        "tool": request.action.tool,
        "class": request.action.action_class,
        "arguments": request.action.arguments,
        "revision": asked.revision,
        "resource": {"type": request.resource.type, "id": request.resource.id},
        "agent": request.principal.id,
        "on_behalf_of": request.principal.on_behalf_of,
        "labels": {
            name: [label.integrity, label.confidentiality]
            for name, label in request.context.labels.items()
        },
        "reasons": [reason.message or reason.code for reason in asked.reasons],
    }
    return canonical(shown), digest(shown)


def _person(key: DataKey, row: RowMapping, column: Column) -> str:
    """Return what *column* says of a person, or an empty string while there is none."""
    return "" if row[column] is None else key.open(row[column], place=_place(row, column)).decode()


def _place(row: RowMapping | dict[str, object], column: Column) -> str:
    """Return what *column* is sealed for: a reviewer stands for one verdict on one request, and opens for no other."""
    if column == "requester":
        return f"approval/{row['id']}/requester"
    bound = (
        _verdict(str(row["state"])),
        *(row[name] for name in ("action_id", "digest", "revision", "expires")),
    )
    return "/".join(map(str, ("approval", row["id"], column, *bound)))


def _verdict(state: str) -> Verdict:
    return "rejected" if state == "rejected" else "approved"


def _row(connection: Connection, approval_id: str) -> RowMapping:
    row = (
        connection.execute(select(tables.approval).where(_c.id == approval_id))
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound(
            kind="approval",
            name=approval_id,
            next_step="List them with `interlock approvals list`.",
        )
    return row
