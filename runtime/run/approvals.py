"""The reviewers' side of approvals: list what waits, look at the evidence, decide."""

from dataclasses import asdict, dataclass
from typing import assert_never

import orjson
from sqlalchemy import Connection, RowMapping, Select, and_, select, tuple_, update

from interlock.runtime.canonical import Json, canonical, digest
from interlock.runtime.errors import NotFound, Tampered
from interlock.runtime.policy.request import Principal, Verdict
from interlock.runtime.record.events import ApprovalDecided, Finding, Sealed
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import budget, turn
from interlock.runtime.run.approval import State, four_eyes, person, place
from interlock.runtime.run.erasure import key_of
from interlock.runtime.run.refusal import refused


@dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalSummary:
    """One approval in a list, without the evidence."""

    id: str
    run_id: str
    action_id: str
    tenant: str
    tool: str
    state: State
    requester: str
    role: str
    revision: str
    created: int
    expires: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval(ApprovalSummary):
    """One approval as it stands, with the evidence its reviewer is shown."""

    reviewer: str
    evidence: dict[str, Json]
    evidence_digest: str


class Approvals:
    """Lists, reads and decides approvals; holds no state of its own and is safe to share."""

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def list(
        self,
        *,
        tenant: str | None = None,
        run: str | None = None,
        state: State | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> list[ApprovalSummary]:
        """Return the approvals, newest first, without those of erased runs.

        The list ends at *limit* approvals; without one it is whole. For a next page *after* is the
        id of the last approval of the page before; raises `NotFound` for an unknown
        one. The number of statements is the same for any number of approvals.
        """

        def look(connection: Connection) -> list[ApprovalSummary]:
            now = self._store.now(connection)
            query = _wanted(
                tenant=tenant,
                run=run,
                state=state,
                now=now,
            ).limit(limit)
            if after is not None:
                last = _row(connection, after)
                approvals = tables.approval.c
                older = tuple_(approvals.created, approvals.id) < (
                    last["created"],
                    last["id"],
                )
                query = query.where(older)
            rows = connection.execute(query).mappings()
            return [self._listed(row, now) for row in rows]

        return await self._store.read(look)

    async def read(self, approval_id: str) -> Approval:
        """Return one approval with its evidence.

        Raises `NotFound`, `Tampered` when the evidence is not what was recorded, and as
        `erasure.key_of` does.
        """

        def look(connection: Connection) -> Approval:
            row = _row(connection, approval_id)
            key = key_of(connection, self._vault, row["run_id"])
            return _opened(row, key, self._store.now(connection))

        return await self._store.read(look)

    async def decide(
        self,
        approval_id: str,
        *,
        reviewer: Principal,
        verdict: Verdict,
        shown: str,
        note: str,
    ) -> None:
        """Record *reviewer*'s verdict on the evidence whose digest is *shown*.

        Nothing acts until the run is resumed. Raises `NotFound`, and `BadInput` when the approval
        waits no more ("expired", "decided_already", "not_waiting"), when other evidence was shown
        ("evidence_changed"), and as `four_eyes` and `erasure.key_of` do.
        """

        def work(tx: Tx) -> None:
            row = _row(tx.connection, approval_id, lock=True)
            key = key_of(tx.connection, self._vault, row["run_id"])
            approval = _opened(row, key, tx.now)
            _object(approval, reviewer, shown=shown, note=note)
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
                    evidence=shown,
                    finding=Finding(
                        reviewer=reviewer.id,
                        roles=reviewer.roles,
                        requester=approval.requester,
                        note=note,
                    ),
                    sealed=sealed,
                )
            )

        await self._store.write(work, logs=(await self._log(approval_id),))

    async def _log(self, approval_id: str) -> str:
        """Return the log of the approval's tenant; raises `NotFound`."""
        row = await self._store.read(lambda connection: _row(connection, approval_id))
        return str(row["tenant"])

    def _listed(self, row: RowMapping, now: int) -> ApprovalSummary:
        key = self._vault.unwrapped(row["run_id"], row["wrapped"])
        return _summary(row, key, now)


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


def _wanted(
    *, tenant: str | None, run: str | None, state: State | None, now: int
) -> Select[tuple[object, ...]]:
    """Return the query of the approvals that are asked for, with the data keys of their runs."""
    approvals = tables.approval.c
    query: Select[tuple[object, ...]] = (
        select(tables.approval, tables.data_key.c.wrapped)
        .join(tables.data_key, tables.data_key.c.id == approvals.run_id)
        .order_by(approvals.created.desc(), approvals.id.desc())
    )
    if tenant is not None:
        query = query.where(approvals.tenant == tenant)
    if run is not None:
        query = query.where(approvals.run_id == run)
    match state:
        case None:
            return query
        case "waiting":
            return query.where(
                and_(approvals.state == "waiting", approvals.expires > now)
            )
        case "expired":
            return query.where(
                and_(approvals.state == "waiting", approvals.expires <= now)
            )
        case "approved" | "rejected" | "used" | "withdrawn":
            return query.where(approvals.state == state)
        case _:
            assert_never(state)


def _state(row: RowMapping, now: int) -> State:
    state: State = row["state"]
    return "expired" if state == "waiting" and row["expires"] <= now else state


def _opened(row: RowMapping, key: DataKey, now: int) -> Approval:
    evidence = orjson.loads(key.open(row["evidence"], place=f"approval/{row['id']}"))
    if (
        digest(evidence) != row["evidence_digest"]
        or evidence["digest"] != row["digest"]
    ):
        raise Tampered(
            what=f"approval {row['id']}",
            why="its evidence is not what was put before the reviewer",
        )
    return Approval(
        **asdict(_summary(row, key, now)),
        reviewer=person(key, row, "reviewer"),
        evidence=evidence,
        evidence_digest=row["evidence_digest"],
    )


def _summary(row: RowMapping, key: DataKey, now: int) -> ApprovalSummary:
    return ApprovalSummary(
        id=row["id"],
        run_id=row["run_id"],
        action_id=row["action_id"],
        tenant=row["tenant"],
        tool=row["tool"],
        state=_state(row, now),
        requester=person(key, row, "requester"),
        role=row["role"],
        revision=row["revision"],
        created=row["created"],
        expires=row["expires"],
    )


def _row(connection: Connection, approval_id: str, *, lock: bool = False) -> RowMapping:
    query = select(tables.approval).where(tables.approval.c.id == approval_id)
    if lock:
        query = query.with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(
            kind="approval",
            name=approval_id,
            next_step="List them with `interlock approvals list`.",
        )
    return row
