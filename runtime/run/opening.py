"""Openings: when each person was first shown an approval, by the clock of whoever served it.

Only the first counts: whoever opens the page once more has not just begun to look. Kept until the
approval is decided, in a form that names nobody without the home's key. A person who has several
open looks at one at a time: what a verdict counts of the person's time counts for no other.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, select, update

from interlock.runtime.policy.request import identity
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.upsert import insert_new
from interlock.runtime.record.vault import Vault

_OPENINGS: Final = tables.approval_opening.c
_NEW: Final = Statement(insert_new(tables.approval_opening))
_OF_PERSON: Final = (
    _OPENINGS.tenant == bindparam("of_tenant"),
    _OPENINGS.person == bindparam("of_person"),
)
_FREE_FROM: Final = Statement(
    select(_OPENINGS.at, _OPENINGS.free_from)
    .where(*_OF_PERSON, _OPENINGS.approval == bindparam("of_approval"))
    .with_for_update()
)
_COUNTED: Final = Statement(
    update(tables.approval_opening)
    .where(*_OF_PERSON)
    .values(free_from=bindparam("now"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """When a person was first shown an approval, and for how long he or she has looked at it."""

    #: In Unix seconds; 0 for nobody knows
    at: int = 0
    #: Without those that were counted for other approvals; None for nobody knows
    seconds: int | None = None


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
        "free_from": tx.now,
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


def count(
    tx: Tx,
    vault: Vault,
    approval_id: str,
    *,
    tenant: str,
    person: str,
) -> Opening:
    """Return the opening of *person*, and count the time since; see `Opening`."""
    place = {"of_tenant": tenant, "of_person": _mark(vault, person)}
    row = _FREE_FROM.one(tx.connection, place | {"of_approval": approval_id})
    _COUNTED.run(tx.connection, place | {"now": tx.now})
    if row is None:
        return Opening()
    return Opening(at=row["at"], seconds=max(tx.now - int(row["free_from"]), 0))


def forget(connection: Connection, approval_id: str) -> None:
    """Delete who was shown an approval that is over."""
    gone = delete(tables.approval_opening)
    connection.execute(gone.where(_OPENINGS.approval == approval_id))


def _mark(vault: Vault, person: str) -> str:
    return vault.mark(b"opened", identity(person).encode()).hex()[:32]
