"""Edits: a reviewer rejects, and states the exact arguments that he or she would agree to.

The agent is told these as data from a person. What it then proposes is a request of its own, with
its own digest and decision. Who wrote an edit of what a tool asks for in a run counts among those
who asked for whatever the tool asks for in the run from then on, so approves none of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from interlock.runtime.canonical import Json
from interlock.runtime.policy.request import identity
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import approval_step

_STEPS: Final = tables.approval_step.c
_APPROVALS: Final = tables.approval.c
#: How many rejections of the run there are, each of which may hold an edit
REJECTIONS: Final = (
    select(func.count())
    .select_from(tables.approval_step)
    .where(_STEPS.run_id == bindparam("of_run"), _STEPS.kind == "rejected")
    .scalar_subquery()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One edit: of which action, by whom, and the arguments that the person would agree to."""

    action_id: str
    person: str
    arguments: Mapping[str, Json]


def edits(
    connection: Connection, key: DataKey, *, run_id: str, tool: str
) -> tuple[Edit, ...]:
    """Return the edits of what *tool* asked for in the run, in no order.

    Raises `Tampered` for one that was moved or changed.
    """
    return tuple(_edits(connection, key, run_id, tool))


def _edits(
    connection: Connection, key: DataKey, run_id: str, tool: str
) -> Iterator[Edit]:
    query = select(tables.approval).where(
        _APPROVALS.run_id == run_id,
        _APPROVALS.tool == tool,
        _APPROVALS.state == "rejected",
    )
    for row in connection.execute(query).mappings().all():
        for step in approval_step.of(connection, key, row):
            if step.proposal is not None:
                yield Edit(
                    action_id=row["action_id"],
                    person=identity(step.person),
                    arguments=step.proposal,
                )


def editors(written: tuple[Edit, ...]) -> tuple[str, ...]:
    """Return who wrote the edits, each person once."""
    return tuple(sorted({edit.person for edit in written}))


def proposed(written: tuple[Edit, ...], *, action_id: str) -> Mapping[str, Json] | None:
    """Return the arguments that a person would agree to in place of the action's, or None."""
    own = (edit.arguments for edit in written if edit.action_id == action_id)
    return next(own, None)
