"""Deposits: documents that people hand in by themselves, for runs that begin later.

The same bytes of a tenant are kept once. Each deposit is sealed under a key of its own.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import Connection, bindparam, delete, or_, select, tuple_

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import NotFound
from interlock.runtime.record.events import HOME, DocumentErased, DocumentKept
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.privacy import shed
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.upsert import insert_new
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import OPEN

_DOCUMENT: Final = tables.document.c
_NEW: Final = Statement(insert_new(tables.document))
_FACTS: Final = (
    _DOCUMENT.id,
    _DOCUMENT.tenant,
    _DOCUMENT.facts,
    _DOCUMENT.created,
)
_READ: Final = Statement(
    select(*_FACTS).where(
        _DOCUMENT.id == bindparam("of_id"), _DOCUMENT.tenant == bindparam("of_tenant")
    )
)
_BODY: Final = Statement(
    select(_DOCUMENT.body).where(
        _DOCUMENT.id == bindparam("of_id"), _DOCUMENT.tenant == bindparam("of_tenant")
    )
)

_GONE: Final = Statement(
    delete(tables.document).where(
        _DOCUMENT.id == bindparam("of_id"),
        _DOCUMENT.tenant == bindparam("of_tenant"),
    )
)
#: A run that has not ended and has these bytes: as they were submitted for it, or as it read them
_USER: Final = Statement(
    select(tables.record.c.run_id)
    .join(
        tables.run,
        tables.run.c.id == tables.record.c.run_id,
    )
    .where(
        tables.record.c.key == bindparam("of_key"),
        tables.record.c.tenant == bindparam("of_tenant"),
        or_(*(tables.run.c.status == status for status in sorted(OPEN))),
    )
    .limit(1)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deposit:
    """What is known of a document that was handed in, without its bytes."""

    digest: str
    #: What whoever handed the document in called it
    name: str
    size: int
    kind: str
    #: In Unix seconds, 0 before it is kept
    created: int = 0

    @property
    def facts(self) -> bytes:
        """What is sealed of it."""
        stated = {
            "digest": self.digest,
            "name": self.name,
            "size": self.size,
            "kind": self.kind,
        }
        return orjson.dumps(stated)


class Deposits:
    """The deposits of one store; holds no state of its own and is safe to share."""

    def __init__(self, *, store: Store, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def keep(self, new: Deposit, data: bytes, *, tenant: str, by: str) -> bool:
        """Keep the document for *tenant*; return False where the tenant has these bytes already.

        What is there stays as it is, its name too.
        """

        def work(tx: Tx) -> bool:
            name = self._name(tx.connection, tenant, new.digest)
            if _READ.one(
                tx.connection,
                {
                    "of_id": name,
                    "of_tenant": tenant,
                },
            ):
                return False
            key = self._vault.create(tx.connection, name, tenant=tenant)
            sealed = {
                "facts": key.seal(new.facts, place=_place(name, "facts")),
                "body": key.seal(data, place=_place(name, "body")),
            }
            row = {
                "id": name,
                "tenant": tenant,
                "created": tx.now,
                **sealed,
            }
            _NEW.one(tx.connection, row)
            tx.events.append(
                DocumentKept(
                    log=tenant,
                    document=name,
                    by=by,
                    sealed=sealed,
                )
            )
            return True

        return await self._store.write(work, logs=(tenant,))

    async def erase(self, digest: str, *, tenant: str, by: str) -> None:
        """Erase the document for good and record that it was, in one transaction.

        What runs read of it is theirs, and goes with them. Afterwards the files of the database
        hold nothing of it either; see `privacy.shed`. Raises `NotFound`, and `BadInput` ("in_use")
        while a run that has not ended has these bytes.
        """

        def work(tx: Tx) -> None:
            named = self._named(tx.connection, tenant, digest)
            if _READ.one(tx.connection, named) is None:
                raise _missing(digest)
            run = _USER.one(
                tx.connection,
                {
                    "of_key": digest,
                    "of_tenant": tenant,
                },
            )
            if run is not None:
                raise refused("in_use", what="the document", run=run["run_id"])
            _GONE.run(tx.connection, named)
            self._vault.erase(tx.connection, named["of_id"])
            tx.events.append(
                DocumentErased(
                    log=tenant,
                    document=named["of_id"],
                    by=by,
                )
            )

        await self._store.write(work, logs=(tenant,))
        await asyncio.to_thread(shed, self._store.engine)

    async def read(self, digest: str, *, tenant: str) -> Deposit | None:
        """Return the deposit of *tenant* with these bytes, or None."""

        def look(connection: Connection) -> Deposit | None:
            named = self._named(connection, tenant, digest)
            row = _READ.one(connection, named)
            return None if row is None else self._opened(connection, row)

        return await self._store.read(look)

    async def data(self, digest: str, *, tenant: str) -> bytes:
        """Return the bytes of the deposit; raises `NotFound`."""

        def look(connection: Connection) -> bytes:
            named = self._named(connection, tenant, digest)
            row = _BODY.one(connection, named)
            if row is None:
                raise _missing(digest)
            key = self._vault.key(connection, named["of_id"])
            return key.open(row["body"], place=_place(named["of_id"], "body"))

        return await self._store.read(look)

    async def page(
        self, *, tenant: str, after: str | None, limit: int
    ) -> Sequence[Deposit]:
        """Return the deposits of *tenant*, newest first, after the one with the digest *after*.

        Raises `NotFound` for a digest that is not there.
        """

        def look(connection: Connection) -> list[Deposit]:
            query = select(*_FACTS).where(_DOCUMENT.tenant == tenant)
            place = tuple_(_DOCUMENT.created, _DOCUMENT.id)
            if after is not None:
                last = _READ.one(connection, self._named(connection, tenant, after))
                if last is None:
                    raise NotFound(
                        kind="document",
                        name=after,
                        next_step="List the documents from the beginning.",
                    )
                query = query.where(place < tuple_(last["created"], last["id"]))
            newest = query.order_by(_DOCUMENT.created.desc(), _DOCUMENT.id.desc())
            rows = connection.execute(newest.limit(limit)).mappings()
            return [self._opened(connection, row) for row in rows]

        return await self._store.read(look)

    def _named(
        self, connection: Connection, tenant: str, digest: str
    ) -> dict[str, str]:
        name = self._name(connection, tenant, digest)
        return {
            "of_id": name,
            "of_tenant": tenant,
        }

    def _name(self, connection: Connection, tenant: str, digest: str) -> str:
        """Return the id of these bytes, which nobody can guess without the home's key."""
        home = self._vault.key(connection, HOME)
        return home.commit(canonical(["document", tenant, digest]))

    def _opened(self, connection: Connection, row: Row) -> Deposit:
        name = row["id"]
        key = self._vault.key(connection, name)
        facts = orjson.loads(key.open(row["facts"], place=_place(name, "facts")))
        return Deposit(created=row["created"], **facts)


def _missing(digest: str) -> NotFound:
    return NotFound(
        kind="document",
        name=digest,
        next_step="Hand it in first.",
    )


def _place(name: str, column: str) -> str:
    return f"document/{name}/{column}"
