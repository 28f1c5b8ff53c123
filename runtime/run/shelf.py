"""Shelves: what tools keep in the database, one row a run and thing, sealed under that run's own key.

Two runs that keep the same thing keep it twice. So nothing one run does, and not its erasure,
reaches what another kept.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, insert, select, update

from interlock.runtime.errors import Erased
from interlock.runtime.policy.decision import Permit
from interlock.runtime.record.events import RecordKept
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.vault import Vault

_c = tables.record.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One row, opened; tenant and policy revision are those of its run."""

    run_id: str
    tenant: str
    revision: str
    key: str
    status: str
    body: Mapping[str, Any]
    at: int  # Unix seconds


class Shelf:
    """The rows of one *kind*; holds no state of its own."""

    def __init__(self, *, store: Store, vault: Vault, kind: str) -> None:
        self._store, self._vault, self._kind = store, vault, kind

    def put(self, tx: Tx, permit: Permit, *, key: str, status: str, body: Mapping[str, Any]) -> str:
        """Keep *body* under *key* for the permit's run, under the run's tenant, and return the status it then has.

        What the run keeps there already stays as it is.
        """
        held = select(_c.status).where(*self._place(permit.run_id, key))
        if (known := tx.connection.execute(held).scalar_one_or_none()) is not None:
            return str(known)
        tenant = tx.connection.execute(
            select(tables.run.c.tenant).where(tables.run.c.id == permit.run_id)
        ).scalar_one()
        place = self._seal(tenant, permit.run_id, key)
        data_key = self._vault.key(tx.connection, permit.run_id)
        sealed = data_key.seal(orjson.dumps(body), place=place)
        row = {
            "run_id": permit.run_id,
            "kind": self._kind,
            "key": key,
            "tenant": tenant,
            "status": status,
            "body": sealed,
            "action_id": permit.action_id,
            "updated": tx.now,
        }
        tx.connection.execute(insert(tables.record).values(row))
        tx.events.append(
            RecordKept(
                log=tenant,
                run_id=permit.run_id,
                key=data_key,
                kind=self._kind,
                name=key,
                status=status,
                action=permit.action_id,
                sealed={"body": sealed},
            )
        )
        return status

    def mark(self, tx: Tx, permit: Permit, *, key: str, status: str) -> bool:
        """Change the status of what the permit's run keeps under *key*, and say whether there was such a thing."""
        marked = (
            update(tables.record)
            .where(*self._place(permit.run_id, key))
            .values(status=status, action_id=permit.action_id)
            .returning(_c.tenant)
        )
        tenant = tx.connection.execute(marked).scalar_one_or_none()
        if tenant is None:
            return False
        tx.events.append(
            RecordKept(
                log=tenant,
                run_id=permit.run_id,
                key=self._vault.key(tx.connection, permit.run_id),
                kind=self._kind,
                name=key,
                status=status,
                action=permit.action_id,
            )
        )
        return True

    def kept(self, connection: Connection, **columns: str) -> Iterator[Kept]:
        """Yield the rows with these values, newest first, without those whose run was erased."""
        wanted = [_c[name] == value for name, value in columns.items()]
        query = (
            select(tables.record, tables.run.c.revision)
            .join(tables.run, tables.run.c.id == _c.run_id)
            .where(_c.kind == self._kind, *wanted)
        )
        for row in connection.execute(query.order_by(_c.updated.desc(), _c.run_id)).mappings():
            try:
                key = self._vault.key(connection, row["run_id"])
            except Erased:
                continue
            body = orjson.loads(
                key.open(row["body"], place=self._seal(row["tenant"], row["run_id"], row["key"]))
            )
            told = {name: row[name] for name in ("run_id", "tenant", "revision", "key", "status")}
            yield Kept(**told, body=body, at=row["updated"])

    def _place(self, run_id: str, key: str) -> tuple[ColumnElement[bool], ...]:
        return (_c.run_id == run_id, _c.kind == self._kind, _c.key == key)

    def _seal(self, tenant: str, run_id: str, key: str) -> str:
        return f"record/{tenant}/{run_id}/{self._kind}/{key}"
