"""Openings: when each person was first shown an approval, by the clock of whoever served it.

Only the first counts: whoever opens the page once more has not just begun to look. Kept until the
approval is decided, in a form that names nobody without the home's key.
"""

from typing import Final

from sqlalchemy import Connection, delete, select

from interlock.runtime.policy.request import identity
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.upsert import insert_new
from interlock.runtime.record.vault import Vault

_OPENINGS: Final = tables.approval_opening.c
_NEW: Final = Statement(insert_new(tables.approval_opening))


def note(
    tx: Tx,
    vault: Vault,
    approval_id: str,
    *,
    tenant: str,
    person: str,
) -> None:
    """Keep that *person* was shown the approval; what is kept already stays."""
    row = {
        "approval": approval_id,
        "person": _mark(vault, person),
        "tenant": tenant,
        "at": tx.now,
    }
    _NEW.one(tx.connection, row)


def first(
    connection: Connection,
    vault: Vault,
    approval_id: str,
    *,
    person: str,
) -> int:
    """Return when *person* was first shown the approval, in Unix seconds; 0 for nobody knows."""
    query = select(_OPENINGS.at).where(
        _OPENINGS.approval == approval_id,
        _OPENINGS.person == _mark(vault, person),
    )
    return connection.execute(query).scalar() or 0


def forget(connection: Connection, approval_id: str) -> None:
    """Delete who was shown an approval that is over."""
    gone = delete(tables.approval_opening)
    connection.execute(gone.where(_OPENINGS.approval == approval_id))


def _mark(vault: Vault, person: str) -> str:
    return vault.mark(b"opened", identity(person).encode()).hex()[:32]
