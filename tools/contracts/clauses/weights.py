"""Linear scorers with calibrated confidences, and the artefact they are read from.

An artefact is a folder with `weights.npz` (plain arrays, never pickled) and `training.json`, which
records the SHA-256 of the former. `read` verifies that digest before any array is parsed and raises
`ArtefactError` otherwise: it fails closed.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from interlock.tools.contracts.clauses.features import Keys, Rows

WEIGHTS: Final = "weights.npz"
RECORD: Final = "training.json"
SHIPPED: Final = Path(__file__).resolve().parent / "artefact"

Floats: TypeAlias = npt.NDArray[np.float32]
_FLOATS: Final = ("scale", "bias", "knots", "heights", "threshold")
_BLOCK: Final = 256  # rows scored at once, which bounds memory for any document


class ArtefactError(Exception):
    """An artefact file is missing or is not the recorded one. For the operator."""

    def __init__(self, *, path: Path, expected: str | None, found: str | None) -> None:
        """Keep the data; the message is derived from it."""
        self.path, self.expected, self.found = path, expected, found
        problem = (
            "is missing or unreadable"
            if found is None
            else f"has SHA-256 {found}, the record says {expected}"
        )
        super().__init__(f"clause model file {str(path)!r} {problem}")
        self.add_note(
            "Restore the folder from the release, or make a new one with `python -m interlock.evals.extraction.train`."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Linear:
    """One linear scorer per label over hashed features; `steps` are weights in units of each label's `scale`."""

    labels: tuple[str, ...]
    keys: Keys  # ascending
    rarity: Floats  # inverse document frequency of each key
    steps: npt.NDArray[np.int8]  # keys by labels
    scale: Floats
    bias: Floats
    knots: Floats  # labels by knots: margins, ascending, where the map to confidence has its knots
    heights: Floats  # labels by knots: the confidences there
    threshold: Floats  # least confidence worth showing

    def confidences(self, rows: Rows) -> Floats:
        """The calibrated probability of each label for each row, rows by labels."""
        margins = self.margins(rows)
        columns = [
            np.interp(margins[:, at], self.knots[at], self.heights[at])
            for at in range(len(self.labels))
        ]
        return np.stack(columns, axis=1).astype(np.float32)

    def margins(self, rows: Rows) -> Floats:
        """The raw score of each label for each row, rows by labels."""
        count = len(rows.bounds) - 1
        out = np.empty((count, len(self.labels)), dtype=np.float32)
        for first in range(0, count, _BLOCK):
            last = min(first + _BLOCK, count)
            keys = rows.keys[rows.bounds[first] : rows.bounds[last]]
            starts = rows.bounds[first:last] - rows.bounds[first]
            out[first:last] = self._block(keys, starts)
        return out

    def _block(self, keys: Keys, starts: npt.NDArray[np.int64]) -> Floats:
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        value = np.where(self.keys[at] == keys, self.rarity[at], np.float32(0))
        sums = np.add.reduceat(self.steps[at].astype(np.float32) * value[:, None], starts, axis=0)
        norm = np.sqrt(np.maximum(np.add.reduceat(value * value, starts), np.float32(1e-12)))
        return np.asarray(sums / norm[:, None] * self.scale + self.bias, dtype=np.float32)


@dataclass(frozen=True, kw_only=True, slots=True)
class Artefact:
    """The verified contents of an artefact folder."""

    scorers: Mapping[str, Linear]
    record: Mapping[str, object]
    digest: str  # SHA-256 of the weights


def read(folder: Path) -> Artefact:
    """Verify and read an artefact folder."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        expected = str(record["files"][WEIGHTS])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtefactError(path=folder / RECORD, expected=None, found=None) from error
    try:
        packed = (folder / WEIGHTS).read_bytes()
    except OSError as error:
        raise ArtefactError(path=folder / WEIGHTS, expected=expected, found=None) from error
    digest = hashlib.sha256(packed).hexdigest()
    if digest != expected:
        raise ArtefactError(path=folder / WEIGHTS, expected=expected, found=digest)
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        names = sorted({name.split(".")[0] for name in arrays.files})
        scorers = {
            name: unpack(
                {
                    key.split(".")[1]: arrays[key]
                    for key in arrays.files
                    if key.startswith(f"{name}.")
                }
            )
            for name in names
        }
    return Artefact(scorers=scorers, record=record, digest=digest)


def pack(linear: Linear) -> dict[str, npt.NDArray[np.generic]]:
    """The arrays that `unpack` turns back into the same scorer: keys as differences, weights without their zeros."""
    label, key = np.nonzero(linear.steps.T)
    flat = label.astype(np.int64) * len(linear.keys) + key
    return {
        "labels": np.array(linear.labels, dtype=np.str_),
        "keys": np.diff(linear.keys, prepend=np.uint32(0)).astype(np.uint32),
        "rarity": linear.rarity.astype(np.float16),
        "places": np.diff(flat, prepend=0).astype(np.uint32),
        "steps": linear.steps.T[label, key],
        **{name: np.asarray(getattr(linear, name), dtype=np.float32) for name in _FLOATS},
    }


def unpack(arrays: Mapping[str, npt.NDArray[np.generic]]) -> Linear:
    """The scorer that `pack` took apart."""
    labels = tuple(str(label) for label in arrays["labels"])
    keys = np.cumsum(arrays["keys"].astype(np.uint64)).astype(np.uint32)
    steps = np.zeros(len(labels) * len(keys), dtype=np.int8)
    steps[np.cumsum(arrays["places"].astype(np.int64))] = arrays["steps"]
    return Linear(
        labels=labels,
        keys=keys,
        rarity=arrays["rarity"].astype(np.float32),
        steps=np.ascontiguousarray(steps.reshape(len(labels), len(keys)).T),
        **{name: arrays[name].astype(np.float32) for name in _FLOATS},
    )
