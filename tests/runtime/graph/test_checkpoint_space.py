"""What a claim knows of a namespace: nothing counts as durable that may not be."""

from langgraph.checkpoint.base import Checkpoint, empty_checkpoint
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from interlock.runtime.graph.checkpoint_space import Space
from interlock.runtime.graph.checkpoint_values import PIECE, Packing
from interlock.runtime.record.vault import DataKey

KEY = DataKey(id="run", secret=bytes(32))


def packing() -> Packing:
    return Packing(JsonPlusSerializer(), KEY)


def made(value: object, *, version: int) -> Checkpoint:
    return empty_checkpoint() | {
        "channel_values": {"v": value},
        "channel_versions": {"v": version},
    }


def test_what_was_read_counts_until_something_is_committed() -> None:
    """Pieces that were read are durable, unless a commit came first and may have pruned them."""
    early, late = Space(), Space()
    early.read({"a"})
    late.committed("1", frozenset(), rows=1)
    late.read({"a"})

    assert early.lacking({"a": b"", "b": b""}) == {"b": b""}
    assert late.lacking({"a": b""}) == {"a": b""}


def test_a_commit_that_pruned_leaves_only_its_own_pieces() -> None:
    """After a checkpoint that is the only one, the pieces of those before count no more."""
    space = Space()
    space.committed("1", frozenset({"a"}), rows=2)
    space.committed("2", frozenset({"b"}), rows=3)

    assert space.lacking({"a": b"", "b": b""}) == {}

    space.committed("3", frozenset({"b"}), rows=1)

    assert space.lacking({"a": b"", "b": b""}) == {"a": b""}


def test_a_value_is_packed_again_unless_it_is_known_to_be_the_same() -> None:
    """Another object under the same version, and the same object under another version, are packed
    anew; so is one whose pieces are not known to be durable.
    """
    space = Space()
    value = ["x" * PIECE]
    first = space.pack(made(value, version=1), packing)
    uncommitted = space.pack(made(value, version=1), packing)
    space.committed("1", first.names, rows=2)
    value.append("y" * PIECE)
    unchanged = space.pack(made(value, version=1), packing)
    changed = space.pack(made(value, version=2), packing)
    space.committed("2", changed.names, rows=3)
    other = space.pack(made(["z" * PIECE], version=2), packing)

    assert first.pieces == uncommitted.pieces
    assert len(first.pieces) == 1
    assert unchanged.packed == first.packed
    assert unchanged.pieces == {}
    assert len(changed.pieces) == 1
    assert len(changed.names) == 2
    assert len(other.pieces) == 1
