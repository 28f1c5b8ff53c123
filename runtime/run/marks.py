"""Marks: which runs are shadows, so that a reader of the record tells their entries from others.

The row of an erased run keeps its mark.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, select

from interlock.runtime.record.store import tables

_RUN: Final = tables.run.c
#: The ids of all shadows
SHADOWS: Final = select(_RUN.id).where(_RUN.shadow != "")


def shadows(
    connection: Connection, run_ids: Collection[str] | None = None
) -> dict[str, str]:
    """Return for each of the runs, or of all, that is a shadow the run that it copies."""
    query = select(_RUN.id, _RUN.shadow).where(_RUN.shadow != "")
    if run_ids is not None:
        query = query.where(_RUN.id.in_(run_ids))
    return {row.id: row.shadow for row in connection.execute(query)}
