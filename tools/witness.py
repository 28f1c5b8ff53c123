"""A witness over HTTP, after C2SP tlog-witness: another party that signs only a log that grew.

The witness is sent the new checkpoint with a proof that the checkpoint before is its beginning,
and answers with a cosignature, which is verified under the key that was configured.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from interlock.tools.outbound.client import Answer, Bounds, send
from interlock.tools.outbound.destination import Destination

_COSIGNATURE: Final = b"\x04"  # the algorithm byte of C2SP tlog-cosignature
_TIME: Final = 8  # bytes of the time that a cosignature begins with
_PUBLIC: Final = 32
_BOUNDS: Final = Bounds(most_bytes=16_384, total_s=5.0)


class NotCosigned(Exception):
    """The witness gave no cosignature that counts; the message says why."""


class OtherSize(NotCosigned):
    """The witness knows the log at another size than was said, `size`."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"the witness knows {size} entries")


@dataclass(frozen=True, kw_only=True, slots=True)
class WitnessKey:
    """The name and the public key of a witness."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "WitnessKey":
        """Read "name+hash+key", the form of C2SP signed-note; raises ValueError."""
        name, _, rest = text.partition("+")
        stated, _, encoded = rest.partition("+")
        raw = base64.b64decode(encoded, validate=True)
        key = cls(name=name, public=raw[1:])
        is_cosigner = raw[:1] == _COSIGNATURE and len(key.public) == _PUBLIC
        if not name or not is_cosigner or key.id.hex() != stated:
            raise ValueError("it is no key of a witness: name+hash+key, of type 4")
        return key

    @property
    def id(self) -> bytes:
        """The 4 bytes by which a signature names the key."""
        signed = self.name.encode() + b"\n" + _COSIGNATURE + self.public
        return sha256(signed).digest()[:4]

    def verify(self, note: str, line: str) -> None:
        """Raise `NotCosigned` unless the signature *line* cosigns *note*."""
        try:
            raw = base64.b64decode(line.rpartition(" ")[2], validate=True)
            begin = len(self.id)
            when = int.from_bytes(raw[begin : begin + _TIME])
            body = note.partition("\n\n")[0]
            message = f"cosignature/v1\ntime {when}\n{body}\n".encode()
            key = Ed25519PublicKey.from_public_bytes(self.public)
            key.verify(raw[begin + _TIME :], message)
        except (ValueError, InvalidSignature) as error:
            raise NotCosigned("its signature does not verify") from error
        if raw[:begin] != self.id or line != f"\u2014 {self.name} {_last(line)}":
            raise NotCosigned("its signature is another key's")


async def add_checkpoint(
    destination: Destination,
    key: WitnessKey,
    *,
    note: str,
    old: int,
    proof: Sequence[bytes],
) -> str:
    """Return *note* with the cosignature of the witness.

    *proof* says that the log of *old* entries is the beginning of the one in *note*. Raises
    `OtherSize` when the witness knows another size, `NotCosigned` for any other refusal or
    signature (fails closed), and what `send` raises.
    """
    lines = [f"old {old}", *(base64.b64encode(node).decode() for node in proof)]
    body = "\n".join(lines) + f"\n\n{note}"
    answer = await send(
        destination,
        method="POST",
        path="/add-checkpoint",
        headers={"Content-Type": "text/plain"},
        body=body.encode(),
        bounds=_BOUNDS,
    )
    _check(answer)
    for line in answer.body.decode("utf-8", "replace").splitlines():
        if line.startswith(f"\u2014 {key.name} "):
            key.verify(note, line)
            return f"{note}{line}\n"
    raise NotCosigned("it did not sign under the configured name")


def _check(answer: Answer) -> None:
    """Raise for an answer that is no success."""
    if answer.status == HTTPStatus.CONFLICT:
        text = answer.body.decode("ascii", "replace").strip()
        if text.isdecimal():
            raise OtherSize(int(text))
    if answer.status != HTTPStatus.OK:
        raise NotCosigned(f"it answered {answer.status}")


def _last(line: str) -> str:
    return line.rpartition(" ")[2]
