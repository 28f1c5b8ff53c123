"""Proofs of RFC 6962: what anybody can check with the algorithms of RFC 9162, section 2.1.3."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from interlock.errors import BadInput
from interlock.runtime.record import proofs
from interlock.runtime.record.logs import make_head
from interlock.runtime.record.proofs import Proof, Proofs
from interlock.runtime.record.store import Store, Tx, tables
from interlock.runtime.record.tlog import Frontier, leaf_hash, node_hash

LOG = "default"
SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 12, 13)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A log of the largest size, whose tiles have four leaves."""
    monkeypatch.setattr(proofs, "TILE", 4)
    store = Store.open(f"sqlite:///{tmp_path / 'log.db'}")
    yield store
    store.close()


async def _filled(store: Store) -> list[Frontier]:
    """Return the tree at each size from zero on."""
    trees = [Frontier()]

    def work(tx: Tx) -> None:
        make_head(tx.connection, LOG)
        for seq in range(SIZES[-1]):
            leaf = leaf_hash(str(seq).encode())
            trees.append(trees[-1].append(leaf))
            row = {"log": LOG, "seq": seq, "run_id": "", "event": "probe"}
            entry = {**row, "body": b"{}", "leaf": leaf}
            tx.connection.execute(insert(tables.ledger_entry).values(entry))
        newest = trees[-1]
        head: dict[str, Any] = {
            "size": newest.size,
            "root": newest.root(),
            "frontier": newest.to_bytes(),
        }
        tx.connection.execute(tables.ledger_head.update().values(head))

    await store.write(work)
    return trees


def _led_to(seq: int, leaf: bytes, proof: Proof) -> bytes | None:
    """Return the root that a proof of inclusion leads to, by RFC 9162, section 2.1.3.2."""
    index, last, root = seq, proof.size - 1, leaf
    for sibling in proof.path:
        if last == 0:
            return None
        if index & 1 or index == last:
            root = node_hash(sibling, root)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        index, last = index >> 1, last >> 1
    return root if last == 0 else None


def _led_from(first: int, root: bytes, proof: Proof) -> tuple[bytes, bytes]:
    """Return the two roots that a proof of consistency leads to, by section 2.1.4.2."""
    path = list(proof.path)
    if first & (first - 1) == 0:
        path = [root, *path]
    index, last = first - 1, proof.size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if index & 1 or index == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        index, last = index >> 1, last >> 1
    return old, new


async def test_every_entry_is_proved_at_every_size(store: Store) -> None:
    """Whatever the size, the proof of an entry leads to the root that was signed."""
    trees = await _filled(store)
    made = Proofs(store)
    for size in SIZES:
        for seq in range(size):
            proof = await made.inclusion(LOG, seq, size=size)
            leaf = leaf_hash(str(seq).encode())
            assert proof.root == trees[size].root() == _led_to(seq, leaf, proof)
            assert _led_to(seq, leaf_hash(b"other"), proof) != proof.root


async def test_every_size_is_proved_to_begin_with_every_earlier_one(
    store: Store,
) -> None:
    """The proof leads from the old root to the new one, and from no other root."""
    trees = await _filled(store)
    made = Proofs(store)
    for size in SIZES:
        for first in range(1, size):
            proof = await made.consistency(LOG, first, size=size)
            roots = _led_from(first, trees[first].root(), proof)
            assert roots == (trees[first].root(), trees[size].root())
        assert (await made.consistency(LOG, size, size=size)).path == ()


async def test_nothing_is_proved_that_the_log_has_not_reached(store: Store) -> None:
    """A size, an entry or a beginning beyond the log is refused, and so is one of nothing."""
    await _filled(store)
    made = Proofs(store)
    for asked in (
        made.inclusion(LOG, 13, size=None),
        made.inclusion(LOG, 3, size=3),
        made.inclusion(LOG, 0, size=14),
        made.consistency(LOG, 0, size=None),
        made.consistency(LOG, 14, size=None),
        made.inclusion("none", 0, size=None),
    ):
        with pytest.raises(BadInput):
            await asked
