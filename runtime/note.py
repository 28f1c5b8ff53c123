"""Signed checkpoints in the C2SP signed-note and tlog-checkpoint formats, with Ed25519."""

import base64
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_ED25519: Final = b"\x01"  # the algorithm byte of C2SP signed-note


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """Return the 32 bytes of the public half of *key*."""
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_hash(origin: str, public: bytes) -> bytes:
    """Return the 4-byte key id of C2SP signed-note: SHA-256(name || 0x0A || 0x01 || public key), truncated."""
    return sha256(origin.encode() + b"\n" + _ED25519 + public).digest()[:4]


class Signer:
    """Signs the checkpoints of one log; lives as long as the log."""

    def __init__(self, *, key: Ed25519PrivateKey, origin: str) -> None:
        self.public_key = public_bytes(key)
        self._key, self._origin, self._id = key, origin, key_hash(origin, self.public_key)

    def sign(self, *, size: int, root: bytes) -> str:
        """Return the signed checkpoint of a log of *size* entries; the same log always gives the same note (RFC 8032)."""
        body = f"{self._origin}\n{size}\n{base64.b64encode(root).decode()}\n"
        signature = base64.b64encode(self._id + self._key.sign(body.encode())).decode()
        return f"{body}\n\u2014 {self._origin} {signature}\n"


def signed_by(note: str, public: bytes) -> bool:
    """Whether the note names *public* as its signer; the signature itself is for the verifier to check."""
    origin, signature = note.partition("\n")[0], note.strip().rpartition(" ")[2]
    try:
        return base64.b64decode(signature, validate=True)[:4] == key_hash(origin, public)
    except ValueError:
        return False
