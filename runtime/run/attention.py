"""Attention: which canaries one person has met, and whether he or she caught them.

Only canaries that are decided count: until then nobody is told what they are. What is kept of a
meeting is no part of the canary's run: it names nobody without the home's key and holds no text, so
the erasure of the run leaves it, and nobody who missed a canary gets an entitlement back by that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select

from interlock.runtime.canonical import Json
from interlock.runtime.policy.request import CanaryFact, identity
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.approval_step import Step

#: The newest that the policy is told of
MOST: Final = 50
_MET: Final = tables.attention.c
_MARK: Final = 32  # digits


@dataclass(frozen=True, kw_only=True, slots=True)
class Meeting:
    """A canary that somebody has met."""

    approval: str
    #: Who, as `mark` names people
    person: str
    at: int
    caught: bool


def mark(vault: Vault, person: str) -> str:
    """Return the name of *person* that nobody reads without the home's key."""
    return vault.mark(b"attention", identity(person).encode()).hex()[:_MARK]


def meetings(vault: Vault, steps: Sequence[Step]) -> Sequence[Mapping[str, Json]]:
    """Return who met a canary with the verdicts among *steps*, as the ledger says it."""
    return [
        {
            "person": mark(vault, step.person),
            "at": step.at,
            "caught": int(step.verdict == "rejected"),
        }
        for step in steps
        if step.verdict
    ]


def keep(
    tx: Tx, approval: str, *, tenant: str, met: Sequence[Mapping[str, Json]]
) -> None:
    """Keep who met the canary, in the transaction of its last verdict."""
    for meeting in met:
        row = {**meeting, "approval": approval, "tenant": tenant}
        tx.connection.execute(insert(tables.attention).values(row))


def canaries_met(
    connection: Connection,
    vault: Vault,
    *,
    tenant: str,
    person: str,
) -> tuple[CanaryFact, ...]:
    """Return the newest canaries of the tenant that *person* gave a verdict on, in order.

    One statement, and at most `MOST` rows of an index, however many there are.
    """
    query = (
        select(_MET.at, _MET.caught)
        .where(_MET.tenant == tenant, _MET.person == mark(vault, person))
        .order_by(_MET.at.desc(), _MET.approval.desc())
        .limit(MOST)
    )
    rows = connection.execute(query).all()
    return tuple(
        CanaryFact(at=row.at, caught=bool(row.caught)) for row in reversed(rows)
    )


def since(connection: Connection, *, tenant: str, moment: int) -> list[Meeting]:
    """Return every meeting of the tenant from *moment* on."""
    query = select(tables.attention).where(_MET.tenant == tenant, _MET.at >= moment)
    return [
        Meeting(
            approval=row["approval"],
            person=row["person"],
            at=row["at"],
            caught=bool(row["caught"]),
        )
        for row in connection.execute(query).mappings()
    ]
