"""Reading a GGUF file: its fields, and its tensors as numbers.

The form is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, version 3. Only the
kinds of tensors are known that the weights of the tests have.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

_MAGIC: Final = b"GGUF"
_VERSION: Final = 3
#: Format of each kind of a single value, as the struct module names it
_PLAIN: Final = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?",
    10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip
_TEXT: Final = 8
_ARRAY: Final = 9
_F32: Final = 0
_Q4_1: Final = 3
_Q8_0: Final = 8
#: Numbers of a block, and its bytes
_BLOCKS: Final = {_F32: (1, 4), _Q4_1: (32, 20), _Q8_0: (32, 34)}
_HALF: Final = 16

Numbers = NDArray[np.float32]


class NotGguf(ValueError):
    """The file is none that can be read here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tensor:
    """Where one tensor is: its shape with the outermost number first, its kind, its place."""

    shape: tuple[int, ...]
    kind: int
    begin: int


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.place = 0

    def value(self, form: str) -> Any:
        (value,) = struct.unpack_from(form, self._data, self.place)
        self.place += struct.calcsize(form)
        return value

    def text(self) -> str:
        length = self.value("<Q")
        text = bytes(self._data[self.place : self.place + length]).decode()
        self.place += length
        return text

    def field(self, kind: int) -> Any:
        if kind == _TEXT:
            return self.text()
        if kind == _ARRAY:
            inner = self.value("<I")
            return [self.field(inner) for _ in range(self.value("<Q"))]
        return self.value(_PLAIN[kind])


@dataclass(frozen=True, kw_only=True, slots=True)
class Gguf:
    """One file, read where it lies."""

    fields: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    data: memoryview

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read the head of *file*; raises `NotGguf` for another form or version."""
        with file.open("rb") as source:
            data = memoryview(mmap(source.fileno(), 0, access=ACCESS_READ))
        reader = _Reader(data)
        magic = bytes(data[:4])
        reader.place = len(magic)
        version = reader.value("<I")
        if magic != _MAGIC or version != _VERSION:
            raise NotGguf(f"{file}: {magic!r}, version {version}")
        tensors = reader.value("<Q")
        fields = {}
        for _ in range(reader.value("<Q")):
            name = reader.text()
            fields[name] = reader.field(reader.value("<I"))
        places = [_placed(reader) for _ in range(tensors)]
        unit = fields.get("general.alignment", 32)
        start = -(-reader.place // unit) * unit
        return cls(
            fields=fields,
            tensors={
                name: Tensor(
                    shape=shape,
                    kind=kind,
                    begin=start + offset,
                )
                for name, shape, kind, offset in places
            },
            data=data,
        )

    def numbers(self, name: str) -> Numbers:
        """Return the numbers of one tensor; raises `NotGguf` for a kind that is not known."""
        tensor = self.tensors[name]
        if tensor.kind not in _BLOCKS:
            raise NotGguf(f"{name}: tensors of kind {tensor.kind} cannot be read")
        numbers, size = _BLOCKS[tensor.kind]
        blocks = prod(tensor.shape) // numbers
        end = tensor.begin + blocks * size
        raw = np.frombuffer(self.data[tensor.begin : end], dtype=np.uint8)
        return _decoded(raw.reshape(blocks, size), tensor.kind).reshape(tensor.shape)


def _placed(reader: _Reader) -> tuple[str, tuple[int, ...], int, int]:
    name = reader.text()
    # The innermost number comes first in the file.
    sizes = [reader.value("<Q") for _ in range(reader.value("<I"))]
    return name, tuple(reversed(sizes)), reader.value("<I"), reader.value("<Q")


def _decoded(blocks: NDArray[np.uint8], kind: int) -> Numbers:
    """Return the numbers of all blocks, one row a block."""
    if kind == _F32:
        return blocks.view(np.float32)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    if kind == _Q8_0:
        return scale * blocks[:, 2:].copy().view(np.int8).astype(np.float32)
    least = blocks[:, 2:4].copy().view(np.float16).astype(np.float32)
    packed = blocks[:, 4:]
    steps = np.concatenate([packed & (_HALF - 1), packed >> 4], axis=1)
    return scale * steps.astype(np.float32) + least
