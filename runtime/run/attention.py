"""Attention: which canaries one person has met, and whether he or she caught them.

Only canaries that are decided count: until then nobody is told what they are.
"""

from typing import Final

from sqlalchemy import Connection, Select, select

from interlock.runtime.policy.request import CanaryFact, identity
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import approval_step

#: The newest that the policy is told of
MOST: Final = 50
#: The newest canaries of the tenant that are looked at
_NEWEST: Final = 1_000
_APPROVALS: Final = tables.approval.c


def canaries_met(
    connection: Connection,
    vault: Vault,
    *,
    tenant: str,
    person: str,
) -> tuple[CanaryFact, ...]:
    """Return the newest canaries of the tenant that *person* gave a verdict on, in order."""
    query = _told(tenant)
    rows = {row["id"]: row for row in connection.execute(query).mappings()}
    met: list[CanaryFact] = []
    for written in approval_step.rows_of(connection, list(rows)):
        row = rows[written["approval"]]
        key = vault.unwrapped(row["run_id"], row["wrapped"])
        step = approval_step.opened(key, row, written)
        if step.verdict and identity(step.person) == identity(person):
            met.append(CanaryFact(at=step.at, caught=step.verdict == "rejected"))
    return tuple(sorted(met, key=lambda fact: fact.at)[-MOST:])


def _told(tenant: str) -> Select[tuple[object, ...]]:
    """Return the query of the newest canaries that are decided, with the keys of their runs."""
    return (
        select(tables.approval, tables.data_key.c.wrapped)
        .join(tables.data_key, tables.data_key.c.id == _APPROVALS.run_id)
        .where(
            _APPROVALS.tenant == tenant,
            _APPROVALS.canary == 1,
        )
        .order_by(_APPROVALS.decided.desc(), _APPROVALS.id.desc())
        .limit(_NEWEST)
    )
