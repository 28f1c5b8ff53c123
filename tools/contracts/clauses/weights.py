"""Linear scorers with calibrated confidences, and how they are read from an artefact.

`read` verifies the digest of the weights before any array is parsed and raises `ArtefactError`
otherwise: it fails closed.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from interlock.tools.contracts.clauses import trees
from interlock.tools.contracts.clauses.features import Keys, Rows
from interlock.tools.contracts.clauses.provenance import Provenance
from interlock.tools.contracts.clauses.trees import Trees

#: The name of the trees in the file of weights; every other name is a linear scorer
TREES: Final = "trees"

Floats: TypeAlias = npt.NDArray[np.float32]
_FLOATS: Final = ("scale", "bias", "knots", "heights", "threshold")
_BLOCK: Final = 256  # rows scored at once, which bounds memory for any document
_LEAST_SQUARE: Final = np.float32(1e-12)  # of a row without a known key


@dataclass(frozen=True, kw_only=True, slots=True)
class Linear:
    """One linear scorer per label over hashed features.

    `steps` are weights in units of each label's `scale`.
    """

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
        """Return the calibrated probability of each label for each row, rows by labels."""
        return self.calibrated(self.margins(rows))

    def calibrated(self, margins: Floats) -> Floats:
        """Return the probabilities that the margins stand for."""
        columns = []
        for label in range(len(self.labels)):
            column = np.interp(
                margins[:, label],
                self.knots[label],
                self.heights[label],
            )
            columns.append(column)
        return np.stack(columns, axis=1).astype(np.float32)

    def margins(self, rows: Rows) -> Floats:
        """Return the raw score of each label for each row, rows by labels."""
        count = len(rows.bounds) - 1
        shape = (count, len(self.labels))
        margins = np.empty(shape, dtype=np.float32)
        for first in range(
            0,
            count,
            _BLOCK,
        ):
            last = min(first + _BLOCK, count)
            begin = rows.bounds[first]
            end = rows.bounds[last]
            starts = rows.bounds[first:last] - begin
            keys = rows.keys[begin:end]
            margins[first:last] = self._block(keys, starts)
        return margins

    def _block(
        self,
        keys: Keys,
        starts: npt.NDArray[np.int64],
    ) -> Floats:
        """Score rows laid end to end: one row begins at each of *starts*."""
        place = np.searchsorted(self.keys, keys)
        place = np.minimum(place, len(self.keys) - 1)
        is_known = self.keys[place] == keys
        value = np.where(
            is_known,
            self.rarity[place],
            np.float32(0),
        )
        steps = self.steps[place].astype(np.float32)
        weighted = steps * value[:, None]
        sums = np.add.reduceat(weighted, starts, axis=0)
        squares = np.add.reduceat(value * value, starts)
        norm = np.sqrt(np.maximum(squares, _LEAST_SQUARE))
        scaled = sums / norm[:, None] * self.scale
        margins = scaled + self.bias
        return np.asarray(margins, dtype=np.float32)


@dataclass(frozen=True, kw_only=True, slots=True)
class Artefact:
    """The verified contents of an artefact folder."""

    provenance: Provenance
    scorers: Mapping[str, Linear]
    #: None where the training had too little for any
    trees: Trees | None


def read(folder: Path) -> Artefact:
    """Verify and read an artefact folder; raises `ArtefactError` before any array is parsed."""
    provenance = Provenance.verified(folder)
    parts = _parts(provenance.weights)
    grown = parts.pop(TREES, None)
    return Artefact(
        provenance=provenance,
        scorers={name: unpack(parts[name]) for name in sorted(parts)},
        trees=None if grown is None else trees.unpack(grown),
    )


def _parts(packed: bytes) -> dict[str, dict[str, npt.NDArray[np.generic]]]:
    """Return the arrays of each part by name; the file names each array "part.array"."""
    by_scorer: dict[str, dict[str, npt.NDArray[np.generic]]] = {}
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        for key in arrays.files:
            scorer, _, array = key.partition(".")
            of_scorer = by_scorer.setdefault(scorer, {})
            of_scorer[array] = arrays[key]
    return by_scorer


def pack(linear: Linear) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays that `unpack` turns back into the same scorer.

    Keys are kept as differences, and weights without their zeros: a weight's place is its label
    times the number of keys, plus its key.
    """
    label, key = np.nonzero(linear.steps.T)
    places = label.astype(np.int64) * len(linear.keys) + key
    key_gaps = np.diff(linear.keys, prepend=np.uint32(0))
    place_gaps = np.diff(places, prepend=0)
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "labels": np.array(linear.labels, dtype=np.str_),
        "keys": key_gaps.astype(np.uint32),
        "rarity": linear.rarity.astype(np.float16),
        "places": place_gaps.astype(np.uint32),
        "steps": linear.steps.T[label, key],
    }
    for name in _FLOATS:
        arrays[name] = np.asarray(getattr(linear, name), dtype=np.float32)
    return arrays


def unpack(arrays: Mapping[str, npt.NDArray[np.generic]]) -> Linear:
    """Return the scorer that `pack` took apart."""
    labels = tuple(str(label) for label in arrays["labels"])
    keys = np.cumsum(arrays["keys"].astype(np.uint64))
    places = np.cumsum(arrays["places"].astype(np.int64))
    steps = np.zeros(len(labels) * len(keys), dtype=np.int8)
    steps[places] = arrays["steps"]
    by_label = steps.reshape(len(labels), len(keys))
    floats = {name: arrays[name].astype(np.float32) for name in _FLOATS}
    return Linear(
        labels=labels,
        keys=keys.astype(np.uint32),
        rarity=arrays["rarity"].astype(np.float32),
        steps=np.ascontiguousarray(by_label.T),
        **floats,
    )
