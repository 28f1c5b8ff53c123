"""Places of checkpoints: what LangGraph calls a config, and what the bytes there are sealed for."""

from dataclasses import dataclass
from typing import Final

from langchain_core.runnables import RunnableConfig
from sqlalchemy import ColumnElement, Table

#: What stands in the namespace of a task before the task's id
TASK: Final = ":"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A checkpoint's thread, namespace and id; without an id, the namespace as a whole."""

    thread: str
    ns: str
    checkpoint_id: str

    @classmethod
    def of(cls, config: RunnableConfig) -> "Place":
        """Return the place that LangGraph names by *config*."""
        place = config["configurable"]
        return cls(
            thread=place["thread_id"],
            ns=place.get(
                "checkpoint_ns",
                "",
            ),
            # None at the beginning of a task's namespace
            checkpoint_id=place.get("checkpoint_id") or "",
        )

    def at(self, checkpoint_id: str) -> "Place":
        """Return the place of another checkpoint of the namespace."""
        return Place(
            thread=self.thread,
            ns=self.ns,
            checkpoint_id=checkpoint_id,
        )

    def config(self) -> RunnableConfig:
        """Return the place in LangGraph's words."""
        return {
            "configurable": {
                "thread_id": self.thread,
                "checkpoint_ns": self.ns,
                "checkpoint_id": self.checkpoint_id,
            }
        }

    def here(self, table: Table) -> ColumnElement[bool]:
        """Return the condition that a row of *table* is of this namespace."""
        return (table.c.thread_id == self.thread) & (table.c.ns == self.ns)

    def __str__(self) -> str:
        """Return what the checkpoint is sealed for."""
        return f"{self.thread}/{self.ns}/{self.checkpoint_id}"

    def of_metadata(self, *, fence: int, parent: str) -> str:
        """Return what the checkpoint's metadata are sealed for."""
        return f"{self}/metadata/{fence}/{parent}"

    def of_write(self, task_id: str, idx: int, channel: str) -> str:
        """Return what a write that waits for the next checkpoint is sealed for."""
        return f"{self}/{task_id}/{idx}/{channel}"

    def of_piece(self, name: str) -> str:
        """Return what a piece of the namespace is sealed for."""
        return f"{self.thread}/{self.ns}/piece/{name}"
