"""Shelves: what tools keep in the database for a run, sealed under the run's own key.

Two runs that keep the same thing keep it twice. So nothing that one run does, and not its erasure,
reaches what another run kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import (
    Connection,
    RowMapping,
    Select,
    bindparam,
    or_,
    select,
    update,
)

from interlock.runtime.errors import Fenced
from interlock.runtime.policy.decision import Permit
from interlock.runtime.record.events import RecordKept
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.upsert import insert_new
from interlock.runtime.record.vault import DataKey, Vault

_RECORDS: Final = tables.record.c
_NEW: Final = Statement(insert_new(tables.record))
_RUN: Final = Statement(
    select(tables.run.c.tenant)
    .where(
        tables.run.c.id == bindparam("run_id"),
        tables.run.c.claim == bindparam("token"),
        or_(tables.run.c.status == "running", tables.run.c.status == "held"),
    )
    .with_for_update()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One thing on a shelf, opened; tenant and policy revision are those of its run."""

    run_id: str
    tenant: str
    revision: str
    key: str
    status: str
    body: Mapping[str, Any]
    at: int  # Unix seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class _For:
    """For whom something is kept."""

    run_id: str
    tenant: str
    action_id: str


class Shelf:
    """What runs keep of one *kind*, by key; holds no state of its own and is safe to share.

    A thing belongs to the run and the tenant of the permit under which it was kept. It lives until
    its run is erased. The body is any JSON object; it is sealed, so that it opens for no other run,
    tenant, kind or key. Kind and status are stored in the clear, and so is the key, until the run
    is erased: nothing personal belongs there.
    """

    def __init__(self, *, store: Store, vault: Vault, kind: str) -> None:
        self._store = store
        self._vault = vault
        self._kind = kind

    def keep(
        self,
        permit: Permit,
        *,
        key: str,
        body: Mapping[str, Any],
        status: str = "kept",
    ) -> None:
        """Keep *body* for the permit's run, together with the outcome of the step.

        What the run keeps under *key* already stays as it is. For reading and pure tools: this
        costs no commit of its own, and a failure ends the claim before its next checkpoint.
        """
        self._store.later(
            permit.claim,
            lambda tx: self._put(tx, permit, key, body, status),
            logs=(permit.tenant,),
        )

    async def keep_now(
        self,
        permit: Permit,
        *,
        key: str,
        body: Mapping[str, Any],
        status: str = "kept",
    ) -> str:
        """Keep *body* for the permit's run in a transaction of its own; return the status it has.

        What the run keeps under *key* already stays as it is, so a repeated call changes nothing.
        Raises `Fenced` when the run has another claim by now, and `NotRecorded` when the body could
        not be kept.
        """
        return await self._store.write(
            lambda tx: self._put(tx, permit, key, body, status),
            logs=(permit.tenant,),
        )

    async def mark(self, permit: Permit, *, key: str, status: str) -> bool:
        """Change the status of what the permit's run keeps under *key*; False for nothing there."""
        return await self._store.write(
            lambda tx: self._mark(tx, permit, key, status), logs=(permit.tenant,)
        )

    async def read(self, run_id: str, *, key: str) -> Kept | None:
        """Return what the run keeps under *key*, or None when it keeps nothing there.

        Raises `Tampered` when it is not what was kept.
        """
        things = await self.list(
            run_id=run_id,
            key=key,
            limit=1,
        )
        return things[0] if things else None

    async def list(
        self,
        *,
        run_id: str | None = None,
        key: str | None = None,
        tenant: str | None = None,
        limit: int | None = None,
    ) -> list[Kept]:
        """Return what is kept, newest first, by one statement; nothing of erased runs.

        What a canary kept is shown only of that very run, once the canary is told.

        The list ends at *limit* things; without one it is whole. Raises `Tampered` when one of
        the things is not what was kept.
        """

        def look(connection: Connection) -> list[Kept]:
            query = (
                select(tables.record, tables.run.c.revision, tables.data_key.c.wrapped)
                .join(tables.run, tables.run.c.id == _RECORDS.run_id)
                .join(tables.data_key, tables.data_key.c.id == _RECORDS.run_id)
                .where(_RECORDS.kind == self._kind)
                .order_by(
                    _RECORDS.updated.desc(),
                    _RECORDS.run_id.desc(),
                    _RECORDS.key.desc(),
                )
                .limit(limit)
            )
            query = _narrowed(
                query,
                run_id=run_id,
                key=key,
                tenant=tenant,
            )
            return [self._opened(row) for row in connection.execute(query).mappings()]

        return await self._store.read(look)

    def begin(
        self, tx: Tx, *, run_id: str, tenant: str, key: str, body: Mapping[str, Any]
    ) -> None:
        """Keep *body* for a run that *tx* is starting: no action of the run did so."""
        self._insert(
            tx,
            _For(run_id=run_id, tenant=tenant, action_id=""),
            self._vault.known(run_id),
            key=key,
            body=body,
            status="kept",
        )

    def _put(
        self,
        tx: Tx,
        permit: Permit,
        key: str,
        body: Mapping[str, Any],
        status: str,
    ) -> str:
        tenant = _tenant(tx, permit)
        of = _For(run_id=permit.run_id, tenant=tenant, action_id=permit.action_id)
        data_key = self._vault.key(tx.connection, of.run_id)
        if self._insert(tx, of, data_key, key=key, body=body, status=status):
            return status
        here = select(_RECORDS.status).where(*self._here(permit.run_id, key))
        return str(tx.connection.execute(here.with_for_update()).scalar_one())

    def _insert(
        self,
        tx: Tx,
        of: "_For",
        data_key: DataKey,
        *,
        key: str,
        body: Mapping[str, Any],
        status: str,
    ) -> bool:
        """Keep *body* unless something is kept under *key*, and say whether it was kept."""
        sealed = data_key.seal(
            orjson.dumps(body), place=self._place(of.tenant, of.run_id, key)
        )
        row = {
            "run_id": of.run_id,
            "kind": self._kind,
            "key": key,
            "tenant": of.tenant,
            "status": status,
            "body": sealed,
            "action_id": of.action_id,
            "updated": tx.now,
        }
        if _NEW.one(tx.connection, row) is None:
            return False
        tx.events.append(
            self._event(of, data_key=data_key, key=key, status=status, sealed=sealed)
        )
        return True

    def _mark(
        self,
        tx: Tx,
        permit: Permit,
        key: str,
        status: str,
    ) -> bool:
        tenant = _tenant(tx, permit)
        marked = update(tables.record).where(*self._here(permit.run_id, key))
        values = {"status": status, "action_id": permit.action_id}
        if tx.connection.execute(marked.values(values)).rowcount != 1:
            return False
        of = _For(run_id=permit.run_id, tenant=tenant, action_id=permit.action_id)
        data_key = self._vault.key(tx.connection, permit.run_id)
        tx.events.append(
            self._event(
                of,
                data_key=data_key,
                key=key,
                status=status,
            )
        )
        return True

    def _event(
        self,
        of: "_For",
        *,
        data_key: DataKey,
        key: str,
        status: str,
        sealed: bytes | None = None,
    ) -> RecordKept:
        return RecordKept(
            log=of.tenant,
            run_id=of.run_id,
            key=data_key,
            kind=self._kind,
            name=key,
            status=status,
            action=of.action_id,
            sealed={} if sealed is None else {"body": sealed},
        )

    def _opened(self, row: RowMapping) -> Kept:
        data_key = self._vault.unwrapped(row["run_id"], row["wrapped"])
        place = self._place(row["tenant"], row["run_id"], row["key"])
        return Kept(
            run_id=row["run_id"],
            tenant=row["tenant"],
            revision=row["revision"],
            key=row["key"],
            status=row["status"],
            body=orjson.loads(data_key.open(row["body"], place=place)),
            at=row["updated"],
        )

    def _here(self, run_id: str, key: str) -> tuple[Any, ...]:
        return (
            _RECORDS.run_id == run_id,
            _RECORDS.kind == self._kind,
            _RECORDS.key == key,
        )

    def _place(self, tenant: str, run_id: str, key: str) -> str:
        return f"record/{tenant}/{run_id}/{self._kind}/{key}"


def _narrowed(query: Select[Any], **filters: str | None) -> Select[Any]:
    """Return the query of what the filters name; without a run, of work alone."""
    if filters["run_id"] is None:
        query = query.where(tables.WORK)
    for column, value in filters.items():
        if value is not None:
            query = query.where(_RECORDS[column] == value)
    return query


def _tenant(tx: Tx, permit: Permit) -> str:
    """Return the tenant of the permit's run, whose row stays locked; `Fenced` for a stale claim."""
    row = _RUN.one(tx.connection, {"run_id": permit.run_id, "token": permit.claim})
    if row is None:
        raise Fenced(run_id=permit.run_id)
    return str(row["tenant"])
