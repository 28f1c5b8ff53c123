"""Reading checkpoints back: everything is opened under the run's key before it is decoded."""

from functools import cached_property
from typing import Any, cast

from langgraph.checkpoint.base import CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.serde.base import SerializerProtocol
from sqlalchemy import Connection, RowMapping, Select, select

from interlock.runtime.errors import Tampered
from interlock.runtime.graph.checkpoint_place import Place
from interlock.runtime.graph.checkpoint_values import Unpacking, loaded
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey

_ROWS = tables.checkpoint.c
_WRITES = tables.checkpoint_write.c


def newest_first(place: Place) -> Select[Any]:
    """Return the query for the checkpoints of a namespace, or for the one that *place* names.

    Of two claims the later one's are newer; of one claim's, those with the greater id.
    """
    query = select(tables.checkpoint).where(place.here(tables.checkpoint))
    if place.checkpoint_id:
        query = query.where(_ROWS.checkpoint_id == place.checkpoint_id)
    return query.order_by(
        _ROWS.fence.desc(),
        _ROWS.checkpoint_id.desc(),
    )


class Reading:
    """Reads the checkpoints of one namespace in one snapshot of the database.

    Raises `Tampered` for what was not sealed by this run for its place (fails closed).
    """

    def __init__(
        self,
        connection: Connection,
        place: Place,
        *,
        serde: SerializerProtocol,
        key: DataKey,
    ) -> None:
        self._connection = connection
        self._place = place
        self._serde, self._key = serde, key
        self._unpacking = Unpacking(
            serde,
            self._piece,
        )

    @property
    def names(self) -> frozenset[str]:
        """The pieces that were needed so far."""
        return frozenset(self._unpacking.names)

    def checkpoint(self, row: RowMapping) -> CheckpointTuple:
        """Return the checkpoint in *row* with the writes that wait for the next one."""
        place = self._place.at(row["checkpoint_id"])
        parent = row["parent_id"]
        sealed_for = place.of_metadata(
            fence=row["fence"],
            parent=parent,
        )
        metadata = self._open(
            row["metadata"],
            sealed_for,
        )
        return CheckpointTuple(
            config=place.config(),
            checkpoint=self._values(
                self._open(
                    row["sealed"],
                    str(place),
                ),
                place,
            ),
            metadata=cast(
                CheckpointMetadata,
                metadata,
            ),
            parent_config=place.at(parent).config() if parent else None,
            pending_writes=self._writes(place),
        )

    def _values(self, stored: Any, place: Place) -> Any:
        try:
            checkpoint, packed = stored
            values = {
                channel: self._unpacking.unpack(
                    value,
                    what=str(place),
                )
                for channel, value in packed.items()
            }
        except (TypeError, ValueError, AttributeError) as error:
            raise Tampered(
                what=str(place),
                why="it is no checkpoint",
            ) from error
        return {**checkpoint, "channel_values": values}

    def _writes(self, place: Place) -> list[tuple[str, str, Any]]:
        query = (
            select(tables.checkpoint_write)
            .where(
                place.here(tables.checkpoint_write),
                _WRITES.checkpoint_id == place.checkpoint_id,
            )
            .order_by(_WRITES.task_path, _WRITES.task_id, _WRITES.idx)
        )
        return [
            (
                row["task_id"],
                row["channel"],
                self._write(
                    place,
                    row,
                ),
            )
            for row in self._connection.execute(query).mappings()
        ]

    def _write(self, place: Place, row: RowMapping) -> Any:
        sealed_for = place.of_write(
            row["task_id"],
            row["idx"],
            row["channel"],
        )
        packed = self._key.open(
            row["sealed"],
            place=sealed_for,
        )
        return self._unpacking.unpack(
            packed,
            what=sealed_for,
        )

    def _open(self, sealed: bytes, sealed_for: str) -> Any:
        plain = self._key.open(
            sealed,
            place=sealed_for,
        )
        return loaded(
            self._serde,
            plain,
            what=sealed_for,
        )

    @cached_property
    def _sealed(self) -> dict[str, bytes]:
        pieces = tables.checkpoint_piece
        query = select(
            pieces.c.name,
            pieces.c.sealed,
        ).where(self._place.here(pieces))
        return {row.name: row.sealed for row in self._connection.execute(query)}

    def _piece(self, name: str) -> bytes:
        sealed_for = self._place.of_piece(name)
        sealed = self._sealed.get(name)
        if sealed is None:
            raise Tampered(
                what=sealed_for,
                why="a checkpoint needs it, and it is gone",
            )
        return self._key.open(
            sealed,
            place=sealed_for,
        )
