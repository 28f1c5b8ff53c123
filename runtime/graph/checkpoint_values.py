"""The values of checkpoints, cut into pieces: what a step did not change is not stored again.

A short value stands where it is used. A longer one is cut: a list or a dict between its members,
and a long member by the same rule. Where a cut falls is decided by the members just before it, so a
member that is added or changed makes one or two new pieces, and the others stay those of the step
before. A piece is named by its commitment under the run's key: equal pieces of a run have one name,
and nobody without the key can tell what a name stands for.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final
from zlib import crc32

from langgraph.checkpoint.serde.base import SerializerProtocol

from interlock.runtime.errors import Tampered
from interlock.runtime.record.vault import DataKey

#: Bytes from which a value is a piece of its own
PIECE: Final = 1_024
#: Bytes from which names are a piece
_NAMES: Final = 256
#: How many times the least bytes of a piece it has at most, unless one member has more
_MOST: Final = 4
#: A tuple comes back as a list, from LangGraph's own serialiser too
_LISTS: Final = (list, tuple)
#: Members of a list that is cut without being measured as a whole first
_FEW: Final = 8
#: Hexadecimal digits of a name
_NAME: Final = 32
#: The kinds of serialised values that are ever decoded
_DECODED: Final = frozenset({b"msgpack", b"null", b"bytes", b"bytearray"})
#: The first byte says what follows: a serialised value, a name, members, or keys with values
_PLAIN: Final = b"v"
_NAMED: Final = b"n"
_LIST: Final = b"l"
_DICT: Final = b"d"


def dumped(serde: SerializerProtocol, value: Any) -> bytes:
    """Return *value* serialised, its kind first; raises TypeError for what cannot be."""
    kind, data = serde.dumps_typed(value)
    return kind.encode() + b"\n" + data


def loaded(serde: SerializerProtocol, plain: bytes, *, what: str) -> Any:
    """Return the value that `dumped` serialised.

    Raises `Tampered` for a kind that is not one of the plain ones, before it is decoded.
    """
    kind, _, data = plain.partition(b"\n")
    if kind not in _DECODED:
        why = f"a checkpoint of type {kind.decode('ascii', 'replace')!r}"
        raise Tampered(
            what=what,
            why=why,
        )
    return serde.loads_typed((kind.decode(), data))


class Packing:
    """Packs values; `pieces` then has the content of every piece that they need, by name."""

    def __init__(self, serde: SerializerProtocol, key: DataKey) -> None:
        self.pieces: dict[str, bytes] = {}
        self._serde, self._key = serde, key

    def pack(self, value: Any) -> bytes:
        """Return *value* as it stands in its row; raises TypeError for what cannot be stored."""
        if type(value) in _LISTS and len(value) > _FEW:
            return _LIST + self._joined(self._member(member) for member in value)
        plain = dumped(
            self._serde,
            value,
        )
        if len(plain) < PIECE:
            return _PLAIN + plain
        if type(value) in _LISTS:
            return _LIST + self._joined(self._member(member) for member in value)
        if type(value) is dict:
            return _DICT + self._joined(
                self._dump(
                    [
                        self._member(key),
                        self._member(member),
                    ]
                )
                for key, member in value.items()
            )
        return _NAMED + self._kept(_PLAIN + plain)

    def _member(self, value: Any) -> bytes:
        packed = self.pack(value)
        return packed if len(packed) < PIECE else _NAMED + self._kept(packed)

    def _joined(self, members: Iterable[bytes]) -> bytes:
        """Return the members behind the last cut, and the names of the pieces before it.

        Many names are cut like members, and so on upwards.
        """
        names, rest = self._cut(
            members,
            PIECE,
        )
        levels = [rest]
        while names:
            names, rest = self._cut(
                names,
                _NAMES,
            )
            levels.append(rest)
        return self._dump(levels)

    def _cut(
        self, members: Iterable[bytes], least: int
    ) -> tuple[list[bytes], list[bytes]]:
        """Return the names of pieces of *least* bytes or more, and the members behind the last."""
        names: list[bytes] = []
        piece: list[bytes] = []
        size = 0
        for member in members:
            piece.append(member)
            size += len(member)
            if size >= _MOST * least or (size >= least and crc32(member) & 1):
                names.append(self._kept(self._dump(piece)))
                piece = []
                size = 0
        return names, piece

    def _kept(self, content: bytes) -> bytes:
        name = self._key.commit(content)[:_NAME]
        self.pieces[name] = content
        return bytes.fromhex(name)

    def _dump(self, parts: list[Any]) -> bytes:
        return self._serde.dumps_typed(parts)[1]


class Unpacking:
    """Unpacks what `Packing` packed; `names` then has every piece that was needed.

    *piece* returns the content of a piece by name, and raises `Tampered` where there is none.
    """

    def __init__(
        self, serde: SerializerProtocol, piece: Callable[[str], bytes]
    ) -> None:
        self.names: set[str] = set()
        self._serde, self._piece = serde, piece

    def unpack(self, packed: bytes, *, what: str) -> Any:
        """Return the value; raises `Tampered`, which names *what*, for anything else."""
        try:
            return self._unpacked(
                packed,
                what,
            )
        except (TypeError, ValueError) as error:
            raise Tampered(
                what=what,
                why="it is no value of a checkpoint",
            ) from error

    def _unpacked(self, packed: bytes, what: str) -> Any:
        form, content = packed[:1], packed[1:]
        if form == _PLAIN:
            return loaded(
                self._serde,
                content,
                what=what,
            )
        if form == _NAMED:
            return self._unpacked(
                self._content(content),
                what,
            )
        members = self._members(content)
        if form == _LIST:
            return [
                self._unpacked(
                    member,
                    what,
                )
                for member in members
            ]
        if form == _DICT:
            entries = (self._load(member) for member in members)
            return {
                self._unpacked(
                    key,
                    what,
                ): self._unpacked(
                    member,
                    what,
                )
                for key, member in entries
            }
        raise ValueError(form)

    def _members(self, content: bytes) -> list[bytes]:
        members: list[bytes] = []
        for level in reversed(self._load(content)):
            pieces = (self._load(self._content(name)) for name in members)
            members = [member for piece in pieces for member in piece]
            members += level
        return members

    def _content(self, name: bytes) -> bytes:
        self.names.add(name.hex())
        return self._piece(name.hex())

    def _load(self, content: bytes) -> Any:
        return self._serde.loads_typed(("msgpack", content))
