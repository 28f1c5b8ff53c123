"""Addressed: which open questions one person is asked, and which wait for others by now.

Names are sealed, so no query finds them. Few questions have steps, and those alone are opened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, RowMapping, false, or_, select

from interlock.runtime.canonical import canonical
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Addressed:
    """What a person with these roles is asked: all that has a seat for one, without *others*."""

    roles: Sequence[str]
    #: The questions that wait for others by now
    others: Sequence[str]

    @property
    def condition(self) -> ColumnElement[bool]:
        """The condition that an approval is for the person."""
        seats = [
            _APPROVALS.quorum.contains(
                f'"by":{canonical(role).decode()}',
                autoescape=True,
            )
            for role in self.roles
        ]
        return or_(false(), *seats) & _APPROVALS.id.not_in(self.others)


def addressed(
    connection: Connection, visitor: Visitor, *open_now: ColumnElement[bool]
) -> Addressed:
    """Return what is addressed to the visitor of the approvals that are *open_now*.

    What the visitor passed on to somebody else, or gave a verdict on, waits for others; so does
    what has no open seat for the visitor any more.
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
    return Addressed(
        roles=visitor.person.roles,
        others=[
            row["id"]
            for row in rows
            if _is_with_others(
                visitor,
                row,
                _opened(visitor, row, steps),
            )
        ],
    )


def has_seat(visitor: Visitor, row: RowMapping, did: Sequence[Step]) -> bool:
    """Whether a verdict is missing that the visitor has a role for."""
    unfilled = quorum.unfilled(
        quorum.read(row["quorum"]),
        filled(did),
    )
    seat = quorum.seat_for(
        unfilled,
        visitor.person.roles,
    )
    return seat is not None


def _opened(
    visitor: Visitor, row: RowMapping, steps: Mapping[str, Sequence[RowMapping]]
) -> list[Step]:
    key = visitor.home.vault.unwrapped(row["run_id"], row["wrapped"])
    return [approval_step.opened(key, row, step) for step in steps[row["id"]]]


def _is_with_others(visitor: Visitor, row: RowMapping, did: Sequence[Step]) -> bool:
    if any(step.verdict and _is_me(visitor, step.person) for step in did):
        return True
    delegation = approval_step.delegation(did)
    is_passed_on = (
        delegation is not None
        and _is_me(visitor, delegation.person)
        and not _is_me(visitor, delegation.to)
    )
    return is_passed_on or not has_seat(visitor, row, did)


def _is_me(visitor: Visitor, name: str) -> bool:
    return identity(name) == identity(visitor.person.id)
