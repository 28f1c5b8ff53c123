"""Steps of an approval: everything that people did about one question, in order and for good.

A step is one row, sealed for its place in this approval and for no other, and one entry of the
ledger. Verdicts are steps; what the others change is courtesy and never an entitlement.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import orjson
from sqlalchemy import Connection, RowMapping, insert, select

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.policy.request import Verdict
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row
from interlock.runtime.record.vault import DataKey

Kind: TypeAlias = Literal[
    "approved",
    "rejected",
    "claimed",
    "released",
    "delegated",
    "escalated",
    "asked",
    "answered",
]
_STEPS: Final = tables.approval_step.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing that one person did about an approval."""

    number: int
    kind: Kind
    #: Of a verdict the role that was needed, and the one it was given in
    seat: str
    role: str
    #: Unix seconds
    at: int
    #: Until when a claim lasts; 0 for any other
    until: int
    person: str
    roles: tuple[str, ...]
    #: The note of a verdict, a question or an answer
    text: str
    #: To whom it was delegated or escalated
    to: str
    #: The digest of what the person was shown
    shown: str
    #: When the person opened what was decided, as this side's clock said; 0 where nobody knows
    opened: int
    #: The arguments that a person would accept, of a rejection that proposes some
    proposal: dict[str, Json] | None = None

    @property
    def verdict(self) -> Verdict | None:
        """The verdict that the step is, or None."""
        match self.kind:
            case "approved" | "rejected":
                return self.kind
            case _:
                return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """What a person does about an approval, before it is a step."""

    kind: Kind
    person: str
    roles: Sequence[str]
    seat: str = ""
    role: str = ""
    until: int = 0
    text: str = ""
    to: str = ""
    shown: str = ""
    opened: int = 0
    proposal: dict[str, Json] | None = None


def claim(steps: Sequence[Step], *, now: int) -> Step | None:
    """Return the step by which somebody looks at it now, or None; passing it on ends a claim."""
    last = _last(steps, "claimed", "released", "delegated", "escalated")
    is_live = last is not None and last.kind == "claimed" and last.until > now
    return last if is_live else None


def delegation(steps: Sequence[Step]) -> Step | None:
    """Return the step by which somebody was asked by name to decide, or None."""
    last = _last(steps, "delegated", "escalated")
    return last if last is not None and last.kind == "delegated" else None


def delegate(steps: Sequence[Step]) -> str:
    """Return who was asked by name to decide, or an empty string."""
    last = delegation(steps)
    return last.to if last is not None else ""


def inquiry(steps: Sequence[Step]) -> Step | None:
    """Return the question to whoever asked for it that is not answered yet, or None."""
    last = _last(steps, "asked", "answered")
    return last if last is not None and last.kind == "asked" else None


def _last(steps: Sequence[Step], *kinds: Kind) -> Step | None:
    return next((step for step in reversed(steps) if step.kind in kinds), None)


def add(
    tx: Tx, key: DataKey, approval: RowMapping, deed: Deed, *, number: int
) -> bytes:
    """Write the *number*-th step of an approval whose row is locked; return its sealed content."""
    content: dict[str, Json] = {
        "person": deed.person,
        "roles": list(deed.roles),
        "text": deed.text,
        "to": deed.to,
        "shown": deed.shown,
        "opened": deed.opened,
        "proposal": deed.proposal,
    }
    row: dict[str, Any] = {
        "approval": approval["id"],
        "number": number,
        "run_id": approval["run_id"],
        "action_id": approval["action_id"],
        "tenant": approval["tenant"],
        "kind": deed.kind,
        "seat": deed.seat,
        "role": deed.role,
        "at": tx.now,
        "until": deed.until,
    }
    sealed = key.seal(canonical(content), place=_place(approval, row))
    tx.connection.execute(insert(tables.approval_step).values(content=sealed, **row))
    return sealed


def of(connection: Connection, key: DataKey, approval: RowMapping) -> tuple[Step, ...]:
    """Return the steps of an approval in order; raises `Tampered` for one that was moved there."""
    rows = rows_of(connection, [approval["id"]])
    return tuple(opened(key, approval, row) for row in rows)


def rows_of(connection: Connection, approvals: Collection[str]) -> list[RowMapping]:
    """Return the rows of the steps of *approvals*, each in its order."""
    query = (
        select(tables.approval_step)
        .where(_STEPS.approval.in_(approvals))
        .order_by(_STEPS.approval, _STEPS.number)
    )
    return list(connection.execute(query).mappings())


def by_approval(
    connection: Connection, approvals: Collection[str]
) -> Mapping[str, list[RowMapping]]:
    """Return the rows of the steps by approval, each in its order."""
    steps: defaultdict[str, list[RowMapping]] = defaultdict(list)
    for row in rows_of(connection, approvals):
        steps[row["approval"]].append(row)
    return steps


def opened(key: DataKey, approval: Row, row: Row) -> Step:
    """Return the step that a row holds; raises `Tampered` when the row was moved or changed."""
    content = orjson.loads(key.open(row["content"], place=_place(approval, row)))
    return Step(
        number=row["number"],
        kind=row["kind"],
        seat=row["seat"],
        role=row["role"],
        at=row["at"],
        until=row["until"],
        person=content["person"],
        roles=tuple(content["roles"]),
        text=content["text"],
        to=content["to"],
        shown=content["shown"],
        opened=content["opened"],
        proposal=content["proposal"],
    )


def _place(approval: Row, row: Any) -> str:
    """Return what a step is sealed for: its place, all that it says openly, and its question."""
    parts = [
        "approval_step",
        approval["id"],
        row["number"],
        row["kind"],
        row["seat"],
        row["role"],
        row["at"],
        row["until"],
        approval["action_id"],
        approval["digest"],
        approval["revision"],
        approval["expires"],
    ]
    return canonical(parts).decode()
