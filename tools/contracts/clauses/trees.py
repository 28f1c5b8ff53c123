"""Boosted trees as plain arrays: the second scorer, read and applied with numpy alone.

All trees lie in one table of nodes. A row goes left where its fact is at most the cut of the node;
a leaf leads to itself, so every row takes the same number of steps. Pure and deterministic.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float32]
Arrays: TypeAlias = Mapping[str, npt.NDArray[np.generic]]

_BLOCK: Final = 512  # rows walked at once, which bounds memory


@dataclass(frozen=True, kw_only=True, slots=True)
class Trees:
    """A sum of trees, as a probability."""

    fact: npt.NDArray[np.int16]  # of each node: which fact of a row it asks for
    cut: npt.NDArray[np.float64]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: Floats  # of each node: what it adds as a leaf
    roots: npt.NDArray[np.int32]
    baseline: float
    depth: int  # the steps from a root to its farthest leaf

    def probabilities(self, facts: Floats) -> Floats:
        """Return the probability of each row of facts."""
        shares = np.zeros(len(facts), dtype=np.float32)
        for first in range(0, len(facts), _BLOCK):
            last = first + _BLOCK
            shares[first:last] = self._block(facts[first:last])
        return shares

    def _block(self, facts: Floats) -> Floats:
        row = np.arange(len(facts))[:, None]
        node = np.tile(self.roots, (len(facts), 1))
        for _ in range(self.depth):
            goes_left = facts[row, self.fact[node]] <= self.cut[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        total = self.value[node].sum(axis=1, dtype=np.float64) + self.baseline
        share = 1 / (1 + np.exp(-total))
        return np.asarray(share, dtype=np.float32)


def pack(trees: Trees) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays that `unpack` turns back into the same trees."""
    return {
        "fact": trees.fact,
        "cut": trees.cut,
        "left": trees.left,
        "right": trees.right,
        "value": trees.value,
        "roots": trees.roots,
        "baseline": np.array([trees.baseline]),
        "depth": np.array([trees.depth]),
    }


def unpack(arrays: Arrays) -> Trees:
    """Return the trees that `pack` took apart."""
    return Trees(
        fact=arrays["fact"].astype(np.int16),
        cut=arrays["cut"].astype(np.float64),
        left=arrays["left"].astype(np.int32),
        right=arrays["right"].astype(np.int32),
        value=arrays["value"].astype(np.float32),
        roots=arrays["roots"].astype(np.int32),
        baseline=float(arrays["baseline"].astype(np.float64)[0]),
        depth=int(arrays["depth"].astype(np.int64)[0]),
    )
