"""Reads the CUAD training contracts, and only the exact file the record names.

`read(path)` verifies the SHA-256 of the compressed file before anything is parsed and raises
`DataError` on any other bytes. Offsets are Unicode code points. The data: CUAD v1, The Atticus
Project, CC BY 4.0.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DATA_SHA256 = "c6c0d740b0306f8ef132e39e244e30f9dc88f94e4a066f39f32e74775037f157"
ATTRIBUTION = "Trained on CUAD v1 by The Atticus Project, Inc. (https://www.atticusprojectai.org/cuad), licensed CC BY 4.0."
PATH_VARIABLE = "INTERLOCK_CUAD"


class DataError(Exception):
    """The training data is missing or is not the expected file. For the operator."""

    def __init__(self, *, path: Path, expected: str, found: str | None) -> None:
        """Keep the data; the message is derived from it."""
        self.path, self.expected, self.found = path, expected, found
        super().__init__(
            f"no data at {str(path)!r}"
            if found is None
            else f"{str(path)!r} has SHA-256 {found}, not {expected}"
        )
        self.add_note(
            f"Set {PATH_VARIABLE} or pass --data with the path of the published cuad_train.json.gz."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """One gold answer: `contract.text[start:end]`."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Contract:
    """One contract with its gold answers by category; a category without answers is absent from the contract."""

    title: str
    text: str
    answers: Mapping[str, tuple[Span, ...]]


def default_path() -> Path:
    """Where the data lies: the environment's word, else `shared/cuad` beside the checkout."""
    override = os.environ.get(PATH_VARIABLE)
    return (
        Path(override)
        if override
        else Path(__file__).resolve().parents[2].parent / "shared/cuad/cuad_train.json.gz"
    )


def read(path: Path | None = None, *, sha256: str = DATA_SHA256) -> tuple[Contract, ...]:
    """Every contract of the file, in file order."""
    path = path or default_path()
    if not path.is_file():
        raise DataError(path=path, expected=sha256, found=None)
    packed = path.read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    if digest != sha256:
        raise DataError(path=path, expected=sha256, found=digest)
    entries = json.loads(gzip.decompress(packed))["data"]
    return tuple(_contract(entry["title"], entry["paragraphs"][0]) for entry in entries)


def _contract(title: str, paragraph: dict[str, object]) -> Contract:
    answers: dict[str, tuple[Span, ...]] = {}
    for question in paragraph["qas"]:  # type: ignore[attr-defined]  # the hash above fixes the shape
        starts = {
            (a["answer_start"], a["answer_start"] + len(a["text"])) for a in question["answers"]
        }
        answers[question["category"]] = tuple(
            Span(start=start, end=end) for start, end in sorted(starts)
        )
    return Contract(title=title, text=str(paragraph["context"]), answers=answers)
