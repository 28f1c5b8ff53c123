"""The Merkle tree of RFC 6962 section 2.1, kept as its frontier: the roots of its perfect subtrees.

Appending costs O(log n) hashes and no reads; the frontier of a log of a billion entries is under a kilobyte.
"""

from dataclasses import dataclass
from hashlib import sha256

HASH = 32  # bytes


def leaf_hash(entry: bytes) -> bytes:
    """Return the leaf hash of *entry*: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the interior hash: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of *size* leaves, as the hashes of its perfect subtrees from the largest to the smallest."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        """Return the tree with one more leaf hash."""
        hashes, size = [*self.hashes, leaf], self.size
        while size & 1:  # a subtree of this height exists: the two make the next larger one
            right = hashes.pop()
            hashes.append(node_hash(hashes.pop(), right))
            size >>= 1
        return Frontier(self.size + 1, tuple(hashes))

    def root(self) -> bytes:
        """Return the tree's root; the empty tree's is SHA-256 of nothing."""
        if not self.hashes:
            return sha256(b"").digest()
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """Return the hashes end to end; the size is stored beside them."""
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> "Frontier":
        """Read back what `to_bytes` wrote; raises ValueError when it does not fit *size*."""
        if len(data) != HASH * size.bit_count():
            raise ValueError(f"{len(data)} bytes are not the frontier of {size} leaves")
        return cls(size, tuple(data[i : i + HASH] for i in range(0, len(data), HASH)))
