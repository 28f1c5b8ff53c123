"""Writes a trained artefact: the weights, and the record of how they came to be.

Writing is idempotent: the same scorers give the same bytes, since the archive holds no times. The
record names the weights by SHA-256, so a reader can refuse any other file.
"""

import hashlib
import io
import json
import platform
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy  # type: ignore[import-untyped]  # ships no types
import sklearn  # type: ignore[import-untyped]  # ships no types

from interlock.evals.extraction.boost import Growth
from interlock.evals.extraction.data import ATTRIBUTION
from interlock.evals.extraction.fit import Options
from interlock.evals.extraction.measure import Report
from interlock.evals.extraction.split import (
    SEED,
    SHOWN,
    Split,
    digest,
)
from interlock.tools.contracts.clauses import trees
from interlock.tools.contracts.clauses.provenance import RECORD, WEIGHTS
from interlock.tools.contracts.clauses.trees import Trees
from interlock.tools.contracts.clauses.weights import (
    TREES,
    Linear,
    pack,
)

_READ: Final = (
    "bounds of the thresholds, forms of head candidates, ends of units and the rules after the "
    "model were set after reading findings on the train and dev sides, so the figures of heads and "
    "of shown findings on dev flatter a little"
)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What a training fitted."""

    scorers: Mapping[str, Linear]
    #: None where the contracts had too little for any
    trees: Trees | None
    #: Categories that too few contracts show, by the confidences outside each fold
    unsupported: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """The facts that a record states."""

    data_sha256: str
    split: Split
    options: Mapping[str, Options]
    growth: Growth
    categories: tuple[str, ...]
    unsupported: tuple[str, ...]
    trained_on: str
    #: None until weights have been measured
    report: Report | None


def packed(trained: Trained) -> bytes:
    """Return the arrays as the bytes of an `.npz` file, entries in order and without times."""
    parts_by_name = {name: pack(scorer) for name, scorer in trained.scorers.items()}
    if trained.trees is not None:
        parts_by_name[TREES] = trees.pack(trained.trees)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, parts in sorted(parts_by_name.items()):
            for part in sorted(parts):
                info = zipfile.ZipInfo(f"{name}.{part}.npy", date_time=_EPOCH)
                info.compress_type = zipfile.ZIP_DEFLATED
                content = _npy(parts[part])
                archive.writestr(info, content)
    return buffer.getvalue()


def _npy(array: npt.NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def write(
    folder: Path,
    weights: bytes,
    training: Training,
) -> None:
    """Write the weights and their record into *folder*, replacing those that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WEIGHTS).write_bytes(weights)
    record = recorded(weights, training)
    text = json.dumps(
        record,
        indent=1,
        sort_keys=True,
    )
    (folder / RECORD).write_text(f"{text}\n", encoding="utf-8")


def recorded(weights: bytes, training: Training) -> dict[str, object]:
    """Return the record without any times, so that training again gives the same file."""
    report = None
    if training.report is not None:
        report = asdict(training.report)
        del report["seconds_per_contract"]
    digest_of_weights = hashlib.sha256(weights).hexdigest()
    options = {}
    for name, option in sorted(training.options.items()):
        options[name] = asdict(option)
    return {
        "attribution": ATTRIBUTION,
        "trained_on": training.trained_on,
        "categories": list(training.categories),
        "unsupported": list(training.unsupported),
        "set_by_hand": _READ,
        "data_sha256": training.data_sha256,
        "files": {WEIGHTS: digest_of_weights},
        "split": _divided(training.split),
        "options": options,
        "growth": asdict(training.growth),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "dev": report,
    }


def _divided(parts: Split) -> dict[str, object]:
    """Return the sizes of the split, and the digests that identify the filers of each side."""
    held_out = SHOWN & set(parts.dev_filers)
    return {
        "seed": SEED,
        "grouped_by": "filer",
        "held_out_by_name": sorted(held_out),
        "train_contracts": len(parts.train),
        "dev_contracts": len(parts.dev),
        "train_filers": len(parts.train_filers),
        "dev_filers": len(parts.dev_filers),
        "train_filers_sha256": digest(parts.train_filers),
        "dev_filers_sha256": digest(parts.dev_filers),
    }
