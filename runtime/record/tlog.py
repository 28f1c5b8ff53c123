"""The transparency log: the Merkle tree of RFC 6962 section 2.1, and its signed checkpoints.

The tree is kept as its frontier, the roots of its perfect subtrees. Appending costs O(log n) hashes
and no reads; the frontier of a log of a billion entries is under a kilobyte. A checkpoint is a note
in the C2SP signed-note and tlog-checkpoint formats, signed with Ed25519.
"""

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_ED25519: Final = b"\x01"  # the algorithm byte of C2SP signed-note
HASH = 32  # bytes


def leaf_hash(entry: bytes) -> bytes:
    """Return the leaf hash of *entry*: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the interior hash: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of *size* leaves, as the hashes of its perfect subtrees, the largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def append(self, leaf: bytes) -> "Frontier":
        """Return the tree with one more leaf hash."""
        hashes = [*self.hashes, leaf]
        size = self.size
        while (
            size & 1
        ):  # a subtree of this height exists: the two make the next larger one
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
        starts = range(0, len(data), HASH)
        return cls(size, tuple(data[start : start + HASH] for start in starts))


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """Return the 32 bytes of the public half of *key*."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_hash(origin: str, public: bytes) -> bytes:
    """Return the 4-byte key id of C2SP signed-note.

    It is the beginning of SHA-256(name || 0x0A || 0x01 || public key).
    """
    return sha256(origin.encode() + b"\n" + _ED25519 + public).digest()[:4]


class Signer:
    """Signs the checkpoints of one log; lives as long as the log."""

    def __init__(self, *, key: Ed25519PrivateKey, origin: str) -> None:
        self.public_key = public_bytes(key)
        self._key = key
        self._origin = origin
        self._id = key_hash(origin, self.public_key)

    def sign(self, *, size: int, root: bytes) -> str:
        """Return the signed checkpoint of a log of *size* entries; equal logs give equal notes."""
        body = f"{self._origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        signature = base64.b64encode(self._id + self._key.sign(body.encode())).decode()
        return f"{body}\n\u2014 {self._origin} {signature}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a note says of a log: its origin, its size and its root."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, note: str) -> "Checkpoint | None":
        """Read the first part of *note*; None when it is no checkpoint."""
        try:
            origin, size, root = note.partition("\n\n")[0].split("\n")
            return cls(origin, int(size), base64.b64decode(root, validate=True))
        except ValueError:
            return None


def attested(note: str, public: bytes) -> Checkpoint | None:
    """Return what *note* says if its one signature is that of *public*, else None."""
    checkpoint = Checkpoint.parse(note)
    body, _, line = note.partition("\n\n")
    try:
        raw = base64.b64decode(line.rstrip("\n").rpartition(" ")[2], validate=True)
        if checkpoint is None or raw[:4] != key_hash(checkpoint.origin, public):
            return None
        Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], f"{body}\n".encode())
    except (ValueError, InvalidSignature):
        return None
    return checkpoint


def opened(note: object, *, origin: str, public: bytes) -> tuple[int, bytes] | None:
    """Return size and root of a checkpoint of *origin* that *public* signed, else None."""
    if not isinstance(note, str):
        return None
    body, _, signature = note.partition("\n\n")
    try:
        named, size, root = body.split("\n")
        raw = base64.b64decode(signature.strip().rpartition(" ")[2], validate=True)
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(raw[len(key_hash(origin, public)) :], f"{body}\n".encode())
        return (int(size), base64.b64decode(root)) if named == origin else None
    except (ValueError, InvalidSignature):
        return None


def signed_by(note: object, public: bytes) -> bool:
    """Whether the note names *public* as its signer; the verifier checks the signature.

    SQLite keeps whatever type it is given, and what is no text names nobody.
    """
    if not isinstance(note, str):
        return False
    origin = note.partition("\n")[0]
    signature = note.strip().rpartition(" ")[2]
    try:
        raw = base64.b64decode(signature, validate=True)
    except ValueError:
        return False
    return raw[:4] == key_hash(origin, public)
