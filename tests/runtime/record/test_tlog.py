"""The Merkle tree against RFC 6962's own recursive definition."""

from hashlib import sha256

import pytest

from interlock.runtime.record.audit_verify import _Tree
from interlock.runtime.record.tlog import Frontier, leaf_hash, node_hash


def oracle(entries: list[bytes]) -> bytes:
    """Return the root by the definition of RFC 6962 section 2.1, word for word."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\x01" + oracle(entries[:k]) + oracle(entries[k:])).digest()


ENTRIES = [f"entry {number}".encode() * (number % 5) for number in range(130)]


@pytest.mark.parametrize("size", range(131))
def test_roots_are_those_of_the_definition(size: int) -> None:
    """For every size the frontier, the offline verifier and the definition agree."""
    frontier, tree = Frontier(), _Tree()
    for entry in ENTRIES[:size]:
        frontier = frontier.append(leaf_hash(entry))
        tree.append(leaf_hash(entry))

    assert frontier.root() == tree.root() == oracle(ENTRIES[:size])
    assert frontier.size == tree.size == size
    assert Frontier.from_bytes(size, frontier.to_bytes()) == frontier
    assert tree.frontier() == frontier.to_bytes().hex()


def test_the_known_vectors() -> None:
    """The roots of the test vectors of the certificate-transparency project."""
    leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.append(leaf_hash(bytes.fromhex(leaf)))

    assert (
        frontier.root().hex()
        == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )


def test_leaves_and_nodes_are_told_apart() -> None:
    """An entry that looks like two hashes is not their parent."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")

    assert leaf_hash(left + right) != node_hash(left, right)


@pytest.mark.parametrize(
    ("size", "data"),
    [(1, b""), (0, b"x" * 32), (3, b"x" * 32), (2, b"x" * 31), (2, b"x" * 64)],
)
def test_a_frontier_that_does_not_fit_is_refused(size: int, data: bytes) -> None:
    """Stored hashes that cannot be the frontier of that many leaves are not read."""
    with pytest.raises(ValueError, match="are not the frontier"):
        Frontier.from_bytes(size, data)
