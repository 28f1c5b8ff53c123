"""Addressed: which open questions are one person's own, beside those of the person's roles.

Names are sealed, so no query finds them. Few questions have steps, and those alone are opened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, RowMapping, or_, select

from interlock.runtime.policy.request import identity
from interlock.runtime.record.store import tables
from interlock.runtime.run import approval_step, quorum
from interlock.runtime.run.approval_step import Step
from interlock.runtime.run.question import filled
from interlock.serving.queue.visitor import Visitor

_APPROVALS: Final = tables.approval.c
_STEPS: Final = tables.approval_step.c
#: The steps after which a question is asked of somebody else than before
_MOVING: Final = ("delegated", "escalated", "approved")


@dataclass(
    frozen=True,
    kw_only=True,
    slots=True,
)
class Addressed:
    """The questions that a person was asked by name, and those that wait for others by now."""

    mine: Sequence[str]
    others: Sequence[str]

    def condition(self, roles: Sequence[str]) -> ColumnElement[bool]:
        """Return the condition that an approval is for the person, who has *roles*."""
        asked = or_(_APPROVALS.role.in_(roles), _APPROVALS.id.in_(self.mine))
        return asked & _APPROVALS.id.not_in(self.others)


def addressed(
    connection: Connection, visitor: Visitor, *open_now: ColumnElement[bool]
) -> Addressed:
    """Return what is addressed to the visitor of the approvals that are *open_now*.

    Somebody who was asked by name counts as long as he or she could fill a seat. What the visitor
    passed on to somebody else, or gave a verdict on, waits for others.
    """
    moved = select(_STEPS.approval).where(
        _STEPS.tenant == visitor.tenant,
        _STEPS.kind.in_(_MOVING),
    )
    query = (
        select(
            tables.approval,
            tables.data_key.c.wrapped,
        )
        .join(tables.data_key, tables.data_key.c.id == _APPROVALS.run_id)
        .where(
            *open_now,
            _APPROVALS.id.in_(moved),
        )
    )
    rows = connection.execute(query).mappings().all()
    steps = approval_step.by_approval(connection, [row["id"] for row in rows])
    mine: list[str] = []
    others: list[str] = []
    for row in rows:
        did = _opened(visitor, row, steps)
        if _is_with_others(visitor, did):
            others.append(row["id"])
        elif _is_named(visitor, did) and _has_seat(visitor, row, did):
            mine.append(row["id"])
    return Addressed(
        mine=mine,
        others=others,
    )


def _opened(
    visitor: Visitor, row: RowMapping, steps: Mapping[str, Sequence[RowMapping]]
) -> list[Step]:
    key = visitor.home.vault.unwrapped(row["run_id"], row["wrapped"])
    return [approval_step.opened(key, row, step) for step in steps[row["id"]]]


def _is_with_others(visitor: Visitor, did: Sequence[Step]) -> bool:
    delegation = approval_step.delegation(did)
    if any(step.verdict and _is_me(visitor, step.person) for step in did):
        return True
    return (
        delegation is not None
        and _is_me(visitor, delegation.person)
        and not _is_me(visitor, delegation.to)
    )


def _is_named(visitor: Visitor, did: Sequence[Step]) -> bool:
    return _is_me(visitor, approval_step.delegate(did))


def _has_seat(visitor: Visitor, row: RowMapping, did: Sequence[Step]) -> bool:
    unfilled = quorum.unfilled(
        quorum.read(row["quorum"]),
        filled(did),
    )
    seat = quorum.seat_for(
        unfilled,
        visitor.person.roles,
    )
    return seat is not None


def _is_me(visitor: Visitor, name: str) -> bool:
    return identity(name) == identity(visitor.person.id)
