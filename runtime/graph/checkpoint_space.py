"""What a claim knows of one namespace of its checkpoints, so that it stores nothing twice."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from langgraph.checkpoint.base import Checkpoint

from interlock.runtime.graph.checkpoint_values import Packing


@dataclass(frozen=True, slots=True)
class _Known:
    """A value as it was packed last."""

    value: Any
    version: object
    packed: bytes
    pieces: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Values:
    """The packed values of a checkpoint, and what they need."""

    packed: dict[str, bytes]
    #: The names of all pieces
    names: frozenset[str]
    #: The content of those that are not known to be durable
    pieces: dict[str, bytes]


@dataclass(kw_only=True, slots=True)
class Space:
    """The pieces of a namespace that are durable, and the values of its newest checkpoint.

    Lives as long as the claim. Only what was read or committed counts as durable.
    """

    #: The id of the newest checkpoint of this claim, or nothing
    newest: str = ""
    #: How many checkpoints there are, or None where nobody has looked
    rows: int | None = None
    _durable: frozenset[str] = frozenset()
    #: The pieces of writes by the id of the checkpoint that they follow
    _awaited: dict[str, set[str]] = field(default_factory=dict)
    _values: dict[str, _Known] = field(default_factory=dict)

    def pack(self, checkpoint: Checkpoint, packing: Callable[[], Packing]) -> Values:
        """Return the values of *checkpoint*, packed.

        A value that has kept its version since the checkpoint before is not packed again.
        """
        versions = checkpoint["channel_versions"]
        pieces: dict[str, bytes] = {}
        known = {}
        for channel, value in checkpoint["channel_values"].items():
            version = versions.get(channel)
            last = self._values.get(channel)
            if last is None or not self._is(
                last,
                value,
                version,
            ):
                made = packing()
                packed = made.pack(value)
                last = _Known(
                    value,
                    version,
                    packed,
                    frozenset(made.pieces),
                )
                pieces.update(made.pieces)
            known[channel] = last
        self._values = known
        return Values(
            packed={channel: value.packed for channel, value in known.items()},
            names=frozenset().union(*(value.pieces for value in known.values())),
            pieces=self.lacking(pieces),
        )

    def lacking(self, pieces: dict[str, bytes]) -> dict[str, bytes]:
        """Return those of *pieces* that are not known to be durable."""
        return {
            name: content
            for name, content in pieces.items()
            if name not in self._durable
        }

    def expect(self, after: str, names: Iterable[str]) -> None:
        """Keep the pieces of a write until there is a checkpoint after the one named."""
        self._awaited.setdefault(
            after,
            set(),
        ).update(names)

    def awaited(self, checkpoint_id: str) -> frozenset[str]:
        """Return the pieces of the writes that are needed once that checkpoint is the newest."""
        self._awaited = {
            after: names
            for after, names in self._awaited.items()
            if after >= checkpoint_id
        }
        return frozenset().union(*self._awaited.values())

    def read(self, names: Collection[str]) -> None:
        """Note that the newest checkpoint needs the pieces *names*, which are durable."""
        if not self.newest:  # else what was read may be pruned by now
            self._durable |= frozenset(names)

    def committed(
        self, checkpoint_id: str, names: frozenset[str], *, rows: int
    ) -> None:
        """Note that a checkpoint which needs the pieces *names* is durable, one of *rows*."""
        self._durable = names if rows == 1 else self._durable | names
        self.newest = checkpoint_id
        self.rows = rows

    def _is(self, last: _Known, value: Any, version: object) -> bool:
        same = last.value is value and last.version == version is not None
        return same and last.pieces <= self._durable
