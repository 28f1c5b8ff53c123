"""LangGraph checkpoints on the shared writer: sealed, fenced, committed with the step's outcomes.

Strict msgpack only: no pickle, no constructor that is not on LangGraph's own safe list. A stored
checkpoint that was not sealed under this run's key is refused before a byte of it is decoded (docs:
LangGraph's loader executes code from a crafted row by default).

A step costs what it changes: see `interlock.runtime.graph.checkpoint_values` for what checkpoints
share, and `interlock.runtime.graph.checkpoint_rows` for how long they are kept.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from sqlalchemy import Connection

from interlock.runtime.graph import checkpoint_rows as rows
from interlock.runtime.graph.checkpoint_place import Place
from interlock.runtime.graph.checkpoint_reading import Reading, newest_first
from interlock.runtime.graph.checkpoint_space import Space
from interlock.runtime.graph.checkpoint_values import Packing, dumped
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import progress
from interlock.runtime.run.run import CLAIMS, Run, check

_MESSAGES: Final = (AIMessage, HumanMessage, SystemMessage, ToolMessage)
#: With this in its metadata a checkpoint lacks values: they are made of earlier ones' writes
_LACKING: Final = "counters_since_delta_snapshot"


class Checkpoints(BaseCheckpointSaver[int]):
    """The checkpoints of one claimed run; lives as long as the claim.

    `aput` returns when the checkpoint and everything the step recorded are durable; it raises
    `Fenced` when the run has another owner by now. Reading raises `Tampered` for anything this run
    did not seal (fails closed).
    """

    def __init__(self, *, store: Store, key: DataKey, run: Run) -> None:
        super().__init__(
            serde=JsonPlusSerializer(
                pickle_fallback=False, allowed_msgpack_modules=list(_MESSAGES)
            )
        )
        self._store, self._key, self._run = store, key, run
        self._groups = (run.claim, f"{run.claim}/writes")
        self._needs = ((CLAIMS, run.id),)
        self._spaces: dict[tuple[str, str], Space] = {}

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store one checkpoint; see the class for what is durable when it returns."""
        parent = Place.of(config)
        place = parent.at(checkpoint["id"])
        space = self._space(place)
        values = space.pack(
            checkpoint,
            self._packing,
        )
        row = self._row(
            place,
            parent,
            checkpoint,
            values.packed,
            metadata,
        )
        pieces = self._pieces(
            place,
            values.pieces,
        )
        keep = values.names | space.awaited(place.checkpoint_id)
        before = space.rows

        def work(tx: Tx) -> int:
            check(tx, self._run)
            others = rows.count(tx.apart, place) if before is None else before
            for piece in pieces:
                tx.put(rows.ADD, piece)
            tx.put(rows.PUT, row)
            return self._pruned(tx, place, metadata, keep, others)

        count = await self._store.write(
            work,
            logs=(self._run.tenant,),
            needs=self._needs,
        )
        space.committed(
            place.checkpoint_id,
            values.names,
            rows=count,
        )
        self._check_groups()
        return place.config()

    def _check_groups(self) -> None:
        for group in self._groups:
            self._store.checked(group)

    def _pruned(
        self,
        tx: Tx,
        place: Place,
        metadata: CheckpointMetadata,
        keep: frozenset[str],
        others: int,
    ) -> int:
        """Prune where there are enough *others*; return how many checkpoints there are then."""
        if others < rows.KEPT or _LACKING in metadata:
            return others + 1
        fence = self._run.fence
        rows.prune(
            tx.apart,
            place,
            fence=fence,
            keep=keep,
        )
        if not place.ns and metadata.get("source") == "loop":
            rows.end_tasks(
                tx.apart,
                place,
                fence=fence,
            )
        return 1

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Store a task's writes; they are durable with the next checkpoint or the claim's end."""
        place = Place.of(config)
        space = self._space(place)
        packing = self._packing()
        written = [
            self._write(
                place,
                task_id,
                idx,
                channel,
                packing.pack(value),
            )
            | {"task_path": task_path}
            for idx, (channel, value) in enumerate(writes)
        ]
        pieces = self._pieces(
            place,
            space.lacking(packing.pieces),
        )
        space.expect(
            place.checkpoint_id,
            packing.pieces,
        )

        def work(tx: Tx) -> None:
            check(tx, self._run)
            for piece in pieces:
                tx.put(rows.ADD, piece)
            for write in written:
                tx.put(rows.WRITE, write)

        # A group of its own: LangGraph hands these in when it likes, and no action needs to wait
        # for them.
        self._store.later(
            self._groups[1],
            work,
            logs=(self._run.tenant,),
            needs=self._needs,
        )

    async def durable(self) -> None:
        """Return when all that the claim recorded so far is durable; raises the first failure."""
        for group in self._groups:
            await self._store.durable(group)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the named or the newest checkpoint, with every write that was handed in."""
        await self._store.durable(self._groups[1])
        place = Place.of(config)
        query = newest_first(place).limit(1)

        def look(
            connection: Connection,
        ) -> tuple[CheckpointTuple | None, frozenset[str]]:
            row = connection.execute(query).mappings().one_or_none()
            reading = self._reading(
                connection,
                place,
            )
            checkpoint = None if row is None else reading.checkpoint(row)
            return checkpoint, reading.names

        checkpoint, names = await self._store.look(look)
        self._space(place).read(names)
        return checkpoint

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Yield this run's checkpoints, newest first, with the metadata that *filter* names."""
        await self._store.durable(self._groups[1])
        place = Place.of(config or {"configurable": {"thread_id": self._run.id}})
        query = newest_first(place)
        if before is not None:
            earlier = Place.of(before).checkpoint_id
            query = query.where(tables.checkpoint.c.checkpoint_id < earlier)

        def look(connection: Connection) -> list[CheckpointTuple]:
            reading = self._reading(
                connection,
                place,
            )
            selected = connection.execute(query).mappings()
            return [reading.checkpoint(row) for row in selected]

        wanted = (filter or {}).items()
        checkpoints = await self._store.read(look)
        matching = (one for one in checkpoints if wanted <= one.metadata.items())
        for checkpoint in islice(
            matching,
            limit,
        ):
            yield checkpoint

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete the checkpoints of this run; raises `Fenced` as `aput` does."""

        def work(tx: Tx) -> None:
            check(tx, self._run)
            progress.forget(
                tx.connection,
                thread_id,
            )

        await self._store.write(
            work,
            logs=(self._run.tenant,),
        )
        self._spaces.clear()

    def _space(self, place: Place) -> Space:
        return self._spaces.setdefault(
            (place.thread, place.ns),
            Space(),
        )

    def _packing(self) -> Packing:
        return Packing(
            self.serde,
            self._key,
        )

    def _reading(self, connection: Connection, place: Place) -> Reading:
        return Reading(
            connection,
            place,
            serde=self.serde,
            key=self._key,
        )

    def _row(
        self,
        place: Place,
        parent: Place,
        checkpoint: Checkpoint,
        packed: Mapping[str, bytes],
        metadata: CheckpointMetadata,
    ) -> dict[str, Any]:
        stored = [
            {**checkpoint, "channel_values": {}},
            packed,
        ]
        fence = self._run.fence
        sealed_for = place.of_metadata(
            fence=fence,
            parent=parent.checkpoint_id,
        )
        return {
            "thread_id": place.thread,
            "ns": place.ns,
            "checkpoint_id": place.checkpoint_id,
            "tenant": self._run.tenant,
            "fence": fence,
            "parent_id": parent.checkpoint_id,
            "sealed": self._seal(
                stored,
                str(place),
            ),
            "metadata": self._seal(
                metadata,
                sealed_for,
            ),
        }

    def _write(
        self,
        place: Place,
        task_id: str,
        position: int,
        channel: str,
        packed: bytes,
    ) -> dict[str, Any]:
        idx = WRITES_IDX_MAP.get(
            channel,
            position,
        )
        sealed_for = place.of_write(
            task_id,
            idx,
            channel,
        )
        return {
            "thread_id": place.thread,
            "ns": place.ns,
            "checkpoint_id": place.checkpoint_id,
            "task_id": task_id,
            "idx": idx,
            "tenant": self._run.tenant,
            "channel": channel,
            "sealed": self._key.seal(
                packed,
                place=sealed_for,
            ),
        }

    def _seal(self, value: Any, sealed_for: str) -> bytes:
        return self._key.seal(
            dumped(
                self.serde,
                value,
            ),
            place=sealed_for,
        )

    def _pieces(
        self, place: Place, pieces: Mapping[str, bytes]
    ) -> list[dict[str, str | bytes]]:
        return [
            {
                "thread_id": place.thread,
                "ns": place.ns,
                "name": name,
                "tenant": self._run.tenant,
                "sealed": self._key.seal(
                    content,
                    place=place.of_piece(name),
                ),
            }
            for name, content in pieces.items()
        ]
