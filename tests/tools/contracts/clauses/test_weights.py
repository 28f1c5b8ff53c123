"""Scorers survive packing, agree with plain arithmetic, and refuse any file but the
recorded one.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from interlock.tools.contracts.clauses import ArtefactError
from interlock.tools.contracts.clauses.features import named_rows
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.clauses.provenance import RECORD, SHIPPED, WEIGHTS
from interlock.tools.contracts.clauses.weights import Linear, pack, read, unpack


def test_a_packed_scorer_comes_back_whole() -> None:
    """Unpacking gives the same labels, keys, weights and calibration."""
    linear = _linear()
    back = unpack(pack(linear))
    assert back.labels == linear.labels
    for name in (
        "keys",
        "rarity",
        "steps",
        "scale",
        "bias",
        "knots",
        "heights",
        "threshold",
    ):
        assert np.array_equal(getattr(back, name), getattr(linear, name)), name


def test_margins_are_the_normalised_sum_of_weights() -> None:
    """A row's margin is its TF-IDF row of length one times the weights, plus the bias; unknown keys
    count for nothing.
    """
    linear = _linear()
    rows = named_rows([["a", "b", "unheard of"], ["unheard of"]])
    value = linear.rarity * np.isin(linear.keys, rows.keys)
    wanted = (value / np.linalg.norm(value)) @ linear.steps * linear.scale + linear.bias
    assert np.allclose(linear.margins(rows)[0], wanted, atol=1e-5)
    assert np.allclose(linear.margins(rows)[1], linear.bias)


def test_confidences_are_probabilities_that_rise_with_the_margin() -> None:
    """The map keeps the order and stays within 0 and 1."""
    linear = _linear()
    rows = named_rows([["a"], ["b"], ["a", "b"]])
    margin, confidence = linear.margins(rows)[:, 0], linear.confidences(rows)[:, 0]
    assert (np.argsort(margin) == np.argsort(confidence)).all()
    assert ((confidence > 0) & (confidence < 1)).all()


def test_scoring_in_blocks_changes_nothing() -> None:
    """Many rows score as each does alone."""
    linear = _linear()
    many = linear.margins(named_rows([["a"], ["b"]] * 700))
    assert np.array_equal(many, np.tile(many[:2], (700, 1)))


def test_tampered_weights_are_refused(tmp_path: Path) -> None:
    """One flipped byte is an `ArtefactError` that holds both digests and names the next step."""
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "artefact"))
    weights = bytearray((folder / WEIGHTS).read_bytes())
    weights[len(weights) // 2] ^= 1
    (folder / WEIGHTS).write_bytes(weights)
    with pytest.raises(ArtefactError, match=WEIGHTS) as caught:
        ClauseModel.load(folder)
    assert caught.value.found is not None
    assert caught.value.found != caught.value.expected
    assert any(
        "interlock.evals.extraction.train" in note for note in caught.value.__notes__
    )


@pytest.mark.parametrize(
    "damage", ["no weights", "no record", "no digest", "no categories", "not json"]
)
def test_an_incomplete_artefact_is_refused(tmp_path: Path, damage: str) -> None:
    """Without the weights, or without a record of their digest, nothing is loaded."""
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "artefact"))
    if damage == "no weights":
        (folder / WEIGHTS).unlink()
    elif damage == "no record":
        (folder / RECORD).unlink()
    else:
        record = json.loads((folder / RECORD).read_text("utf-8"))
        del record[{"no digest": "files"}.get(damage, "categories")]
        text = json.dumps(record) if damage.startswith("no ") else "{"
        (folder / RECORD).write_text(text, "utf-8")
    with pytest.raises(ArtefactError) as caught:
        read(folder)
    assert caught.value.found is None


def _linear() -> Linear:
    keys = np.sort(named_rows([["a", "b", "c"]]).keys)
    floats = {
        name: np.array([0.5, 0.25], dtype=np.float32)
        for name in ("scale", "bias", "threshold")
    }
    return Linear(
        labels=("One", "Two"),
        keys=keys,
        rarity=np.array([1.0, 2.0, 3.5], dtype=np.float32),
        steps=np.array([[1, 0], [-127, 3], [0, 0]], dtype=np.int8),
        knots=np.array([[-99, 99]] * 2, dtype=np.float32),
        heights=np.array([[0.1, 0.9]] * 2, dtype=np.float32),
        **floats,
    )
