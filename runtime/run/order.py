"""Orders: a request with a key of its own begins one run, however often the request comes.

The key is remembered in the transaction in which the run begins, so neither is there without the
other. A key is forgotten some time after `KEPT_S`; from then on the same request begins another
run.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.upsert import insert_new
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.refusal import refused

#: Seconds for which a key is remembered at least: a week
KEPT_S: Final = 7 * 24 * 3600
_ORDER: Final = tables.order.c
_NEW: Final = Statement(insert_new(tables.order))
_KNOWN: Final = Statement(
    select(_ORDER.digest, _ORDER.run_id).where(
        _ORDER.tenant == bindparam("of_tenant"), _ORDER.name == bindparam("of_name")
    )
)
_OLD: Final = Statement(
    delete(tables.order).where(_ORDER.created < bindparam("before"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One request under the key that its person chose for it."""

    tenant: str
    #: Of person and key, and of what was asked: nobody can compare either without the home's key
    name: str
    digest: str

    @classmethod
    def of(
        cls,
        connection: Connection,
        vault: Vault,
        *,
        tenant: str,
        person: str,
        key: str,
        asked: Json,
    ) -> "Order":
        """Return the order of *person* under *key*."""
        own = vault.key(connection, HOME)
        return cls(
            tenant=tenant,
            name=own.commit(canonical(["order", tenant, person, key])),
            digest=own.commit(canonical(["asked", asked])),
        )

    def begun(self, connection: Connection) -> str | None:
        """Return the run that the order began, or None for a new one.

        Raises `BadInput` ("key_reused") when the key stands for another request.
        """
        known = _KNOWN.one(connection, {"of_tenant": self.tenant, "of_name": self.name})
        if known is None:
            return None
        if known["digest"] != self.digest:
            raise refused("key_reused", what="Idempotency-Key")
        return str(known["run_id"])

    def keep(self, tx: Tx, run_id: str) -> None:
        """Remember that the order began the run, and forget old orders.

        Raises `BadInput` ("taken_already"), so that the run is not started, when the order is
        there already.
        """
        row = {
            "tenant": self.tenant,
            "name": self.name,
            "digest": self.digest,
            "run_id": run_id,
            "created": tx.now,
        }
        if _NEW.one(tx.connection, row) is None:
            raise refused("taken_already", what="the order")
        _OLD.run(tx.connection, {"before": tx.now - KEPT_S})
