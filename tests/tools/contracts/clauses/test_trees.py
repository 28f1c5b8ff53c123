"""Trees as plain arrays say what the fitted trees said, also after a file."""

import numpy as np
from sklearn.ensemble import (  # type: ignore[import-untyped]  # ships no types
    HistGradientBoostingClassifier,
)

from interlock.evals.extraction.boost import as_trees
from interlock.tools.contracts.clauses.trees import pack, unpack


def test_the_arrays_say_what_the_trees_said() -> None:
    """For any rows, the probabilities are those of the library that fitted the trees."""
    source = np.random.default_rng(7)
    facts = source.normal(size=(900, 5)).astype(np.float32)
    truth = facts[:, 0] * facts[:, 1] + source.normal(size=900) * 0.3 > 0
    machine = HistGradientBoostingClassifier(
        max_iter=20, max_leaf_nodes=7, random_state=0
    ).fit(facts, truth)
    trees = unpack(pack(as_trees(machine)))

    expected = machine.predict_proba(facts)[:, 1]
    assert np.abs(trees.probabilities(facts) - expected).max() < 1e-6
    assert trees.probabilities(facts[:0]).shape == (0,)
