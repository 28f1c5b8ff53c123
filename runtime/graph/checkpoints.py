"""LangGraph checkpoints on the shared writer: sealed, fenced, committed with the step's outcomes.

Strict msgpack only: no pickle, no constructor that is not on LangGraph's own safe list. A stored
checkpoint that was not sealed under this run's key is refused before a byte of it is decoded (docs:
LangGraph's loader executes code from a crafted row by default).
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, cast

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
from sqlalchemy import Connection, RowMapping, select

from interlock.runtime.errors import Tampered
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.upsert import upsert
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run.run import Run, check

_c, _w = tables.checkpoint.c, tables.checkpoint_write.c
_PUT: Final = Statement(
    upsert(tables.checkpoint, keys=("thread_id", "ns", "checkpoint_id"))
)
_WRITE: Final = Statement(
    upsert(
        tables.checkpoint_write,
        keys=("thread_id", "ns", "checkpoint_id", "task_id", "idx"),
    )
)
_MESSAGES = (AIMessage, HumanMessage, SystemMessage, ToolMessage)


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

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store one checkpoint; see the class for what is durable when it returns."""
        thread, ns, parent = _place(config)
        row = {
            "thread_id": thread,
            "ns": ns,
            "checkpoint_id": checkpoint["id"],
            "parent_id": parent,
            "sealed": self._seal(checkpoint, f"{thread}/{ns}/{checkpoint['id']}"),
            "metadata": self._seal(
                metadata, f"{thread}/{ns}/{checkpoint['id']}/metadata/{parent}"
            ),
        }

        def work(tx: Tx) -> None:
            check(tx, self._run)
            _PUT.run(tx.connection, row)

        await self._store.write(work, logs=(self._run.tenant,))
        for group in self._groups:
            self._store.checked(group)
        return {
            "configurable": {
                "thread_id": thread,
                "checkpoint_ns": ns,
                "checkpoint_id": checkpoint["id"],
            }
        }

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Store a task's writes; they are durable with the next checkpoint or the claim's end."""
        thread, ns, parent = _place(config)
        placed = [
            (WRITES_IDX_MAP.get(channel, index), channel, value)
            for index, (channel, value) in enumerate(writes)
        ]
        rows = [
            {
                "thread_id": thread,
                "ns": ns,
                "checkpoint_id": parent,
                "task_id": task_id,
                "task_path": task_path,
                "idx": idx,
                "channel": channel,
                "sealed": self._seal(
                    value, f"{thread}/{ns}/{parent}/{task_id}/{idx}/{channel}"
                ),
            }
            for idx, channel, value in placed
        ]

        def work(tx: Tx) -> None:
            check(tx, self._run)
            _WRITE.run_many(tx.connection, rows)

        # A group of its own: LangGraph hands these in when it likes, and no action needs to wait
        # for them.
        self._store.later(self._groups[1], work, logs=(self._run.tenant,))

    async def durable(self) -> None:
        """Return when all that the claim recorded so far is durable; raises the first failure."""
        for group in self._groups:
            await self._store.durable(group)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the named or the newest checkpoint."""
        thread, ns, checkpoint_id = _place(config)
        query = select(tables.checkpoint).where(_c.thread_id == thread, _c.ns == ns)
        if checkpoint_id:
            query = query.where(_c.checkpoint_id == checkpoint_id)
        query = query.order_by(_c.checkpoint_id.desc()).limit(1)

        def look(connection: Connection) -> CheckpointTuple | None:
            row = connection.execute(query).mappings().one_or_none()
            return None if row is None else self._tuple(connection, row)

        return await self._store.read(look)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 - LangGraph's name
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Yield this run's checkpoints, newest first; a filter is refused with ValueError."""
        if filter:
            raise ValueError("filtering checkpoints is not offered")
        thread, ns, _ = _place(config or {"configurable": {"thread_id": self._run.id}})
        query = (
            select(tables.checkpoint)
            .where(_c.thread_id == thread, _c.ns == ns)
            .order_by(_c.checkpoint_id.desc())
        )
        if before is not None:
            query = query.where(_c.checkpoint_id < _place(before)[2])
        if limit is not None:
            query = query.limit(limit)

        def look(connection: Connection) -> list[CheckpointTuple]:
            return [
                self._tuple(connection, row)
                for row in connection.execute(query).mappings().all()
            ]

        for found in await self._store.read(look):
            yield found

    def _tuple(self, connection: Connection, row: RowMapping) -> CheckpointTuple:
        thread, ns, checkpoint_id = row["thread_id"], row["ns"], row["checkpoint_id"]
        here = (
            (_w.thread_id == thread)
            & (_w.ns == ns)
            & (_w.checkpoint_id == checkpoint_id)
        )
        pending = connection.execute(
            select(tables.checkpoint_write)
            .where(here)
            .order_by(_w.task_path, _w.task_id, _w.idx)
        )
        place = f"{thread}/{ns}/{checkpoint_id}"
        return CheckpointTuple(
            config=_config(thread, ns, checkpoint_id),
            checkpoint=cast(Checkpoint, self._open(row["sealed"], place)),
            metadata=cast(
                CheckpointMetadata,
                self._open(row["metadata"], f"{place}/metadata/{row['parent_id']}"),
            ),
            parent_config=_config(thread, ns, row["parent_id"])
            if row["parent_id"]
            else None,
            pending_writes=[
                (
                    each["task_id"],
                    each["channel"],
                    self._open(
                        each["sealed"],
                        f"{place}/{each['task_id']}/{each['idx']}/{each['channel']}",
                    ),
                )
                for each in pending.mappings()
            ],
        )

    def _seal(self, value: Any, place: str) -> bytes:
        kind, data = self.serde.dumps_typed(value)
        return self._key.seal(kind.encode() + b"\n" + data, place=place)

    def _open(self, sealed: bytes, place: str) -> Any:
        kind, _, data = self._key.open(sealed, place=place).partition(b"\n")
        if kind not in {b"msgpack", b"null", b"bytes"}:
            raise Tampered(
                what=place,
                why=f"a checkpoint of type {kind.decode('ascii', 'replace')!r}",
            )
        return self.serde.loads_typed((kind.decode(), data))


def _place(config: RunnableConfig) -> tuple[str, str, str]:
    place = config["configurable"]
    return (
        place["thread_id"],
        place.get("checkpoint_ns", ""),
        place.get("checkpoint_id", ""),
    )


def _config(thread: str, ns: str, checkpoint_id: str) -> RunnableConfig:
    return {
        "configurable": {
            "thread_id": thread,
            "checkpoint_ns": ns,
            "checkpoint_id": checkpoint_id,
        }
    }
