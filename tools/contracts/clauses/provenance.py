"""The record of an artefact, and the weights that the record vouches for; told without numpy.

An artefact is a folder with `weights.npz` (plain arrays, never pickled) and `training.json`, which
records the SHA-256 of the former, and the categories that the weights can find.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

WEIGHTS: Final = "weights.npz"
RECORD: Final = "training.json"
SHIPPED: Final = Path(__file__).resolve().parent / "artefact"
_SHORT: Final = 12  # signs of a digest that name a version


class ArtefactError(Exception):
    """An artefact file is missing or is not the recorded one. For the operator."""

    def __init__(
        self,
        *,
        path: Path,
        expected: str | None,
        found: str | None,
    ) -> None:
        """Keep the data; the message is derived from it."""
        self.path = path
        self.expected = expected
        self.found = found
        problem = "is missing or unreadable"
        if found is not None:
            problem = f"has SHA-256 {found}, the record says {expected}"
        super().__init__(f"clause model file {str(path)!r} {problem}")
        self.add_note(
            "Restore the folder from the release, or make a new one with "
            "`python -m interlock.evals.extraction.train`."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """An artefact as its record tells it, with the bytes of the weights that the record names."""

    digest: str  # SHA-256 of the weights
    #: Every category that the weights can find
    categories: tuple[str, ...]
    #: The categories that the training had too little of
    unsupported: tuple[str, ...]
    weights: bytes
    record: Mapping[str, object]

    @property
    def version(self) -> str:
        """The short digest of the weights."""
        return self.digest[:_SHORT]

    @classmethod
    def verified(cls, folder: Path) -> "Provenance":
        """Return what *folder* holds; `ArtefactError` unless its files are the recorded ones."""
        record = _recorded(folder / RECORD)
        expected = str(record["files"][WEIGHTS])
        path = folder / WEIGHTS
        try:
            weights = path.read_bytes()
        except OSError as error:
            raise ArtefactError(
                path=path,
                expected=expected,
                found=None,
            ) from error
        digest = hashlib.sha256(weights).hexdigest()
        if digest != expected:
            raise ArtefactError(
                path=path,
                expected=expected,
                found=digest,
            )
        return cls(
            digest=digest,
            categories=record["categories"],
            unsupported=record["unsupported"],
            weights=weights,
            record=record,
        )


def _recorded(path: Path) -> dict[str, Any]:
    """Return the training record, which states the digest of the weights and what they can find."""
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        named = {name: tuple(record[name]) for name in ("categories", "unsupported")}
        return record | named | {"files": {WEIGHTS: record["files"][WEIGHTS]}}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtefactError(
            path=path,
            expected=None,
            found=None,
        ) from error
