"""The rows of checkpoints, in the caller's transaction: written, counted and pruned.

A later claim needs the newest checkpoint of a namespace and the writes that wait for the next one.
When there are `KEPT` checkpoints, those before the newest go, with every piece that the newest does
not need. A task's namespace goes when its graph has taken the next step, for the task is then over.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, Connection, Table, delete, exists, func, select

from interlock.runtime.graph.checkpoint_place import TASK, Place
from interlock.runtime.record.store import tables
from interlock.runtime.record.store.bulk import inserted

#: Checkpoints of a namespace, at most
KEPT: Final = 16
_ROWS: Final = tables.checkpoint.c
_PIECES: Final = tables.checkpoint_piece.c
PUT: Final = inserted(
    tables.checkpoint,
    key=("thread_id", "ns", "checkpoint_id"),
    replaces=True,
)
WRITE: Final = inserted(
    tables.checkpoint_write,
    key=("thread_id", "ns", "checkpoint_id", "task_id", "idx"),
    replaces=True,
)
ADD: Final = inserted(
    tables.checkpoint_piece,
    key=("thread_id", "ns", "name"),
    skips=True,
)


def count(connection: Connection, place: Place) -> int:
    """Return how many checkpoints the namespace has."""
    query = select(func.count()).where(place.here(tables.checkpoint))
    rows: int = connection.execute(query).scalar_one()
    return rows


def prune(
    connection: Connection, place: Place, *, fence: int, keep: Collection[str]
) -> None:
    """Delete what was before the newest checkpoint of the namespace, which is at *place*.

    Of the pieces those in *keep* stay.
    """
    older = (_ROWS.fence < fence) | (_ROWS.checkpoint_id < place.checkpoint_id)
    connection.execute(
        delete(tables.checkpoint).where(
            place.here(tables.checkpoint),
            older,
        )
    )
    writes = tables.checkpoint_write
    connection.execute(
        delete(writes).where(
            place.here(writes), writes.c.checkpoint_id < place.checkpoint_id
        )
    )
    pieces = tables.checkpoint_piece
    query = select(_PIECES.name).where(place.here(pieces))
    for name in connection.execute(query).scalars().all():
        if name not in keep:
            connection.execute(
                delete(pieces).where(
                    place.here(pieces),
                    _PIECES.name == name,
                )
            )


def end_tasks(connection: Connection, place: Place, *, fence: int) -> None:
    """Delete every task's namespace whose checkpoints are older than the one at *place*."""
    older = (_ROWS.fence < fence) | (_ROWS.checkpoint_id < place.checkpoint_id)
    connection.execute(
        delete(tables.checkpoint).where(
            *_of_tasks(
                tables.checkpoint,
                place,
            ),
            older,
        )
    )
    for table in (tables.checkpoint_write, tables.checkpoint_piece):
        goes_on = exists().where(
            _ROWS.thread_id == table.c.thread_id, _ROWS.ns == table.c.ns
        )
        connection.execute(
            delete(table).where(
                *_of_tasks(
                    table,
                    place,
                ),
                ~goes_on,
            )
        )


def _of_tasks(table: Table, place: Place) -> tuple[ColumnElement[bool], ...]:
    return table.c.thread_id == place.thread, table.c.ns.contains(TASK)
