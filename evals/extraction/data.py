"""Reads the CUAD training contracts, and no file but the one that the record names.

`read(path)` verifies the SHA-256 of the compressed file before parsing it, and raises `DataError`
on any other bytes. Offsets are Unicode code points. The data: CUAD v1, The Atticus Project,
CC BY 4.0.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DATA_SHA256: Final = "c6c0d740b0306f8ef132e39e244e30f9dc88f94e4a066f39f32e74775037f157"
ATTRIBUTION: Final = (
    "Trained on CUAD v1 by The Atticus Project, Inc. (https://www.atticusprojectai.org/cuad), "
    "licensed CC BY 4.0."
)
PATH_VARIABLE: Final = "INTERLOCK_CUAD"
_CHECKOUT: Final = Path(__file__).resolve().parents[2]


class DataError(Exception):
    """The training data is missing or is another file than expected; the operator must act."""

    def __init__(
        self,
        *,
        path: Path,
        expected: str,
        actual: str | None,
    ) -> None:
        self.path = path
        self.expected = expected
        self.actual = actual
        where = repr(str(path))
        if actual is None:
            super().__init__(f"no data at {where}")
        else:
            super().__init__(f"{where} has SHA-256 {actual}, not {expected}")
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
    """One contract with its gold answers by category; a category may have none."""

    title: str
    text: str
    answers: Mapping[str, tuple[Span, ...]]

    def gold(self, category: str) -> list[str]:
        """Return the texts of the gold answers of *category*."""
        spans = self.answers.get(category, ())
        return [self.text[span.start : span.end] for span in spans]


def default_path() -> Path:
    """Return the file that the environment names, else `shared/cuad` beside the checkout."""
    named = os.environ.get(PATH_VARIABLE)
    if named:
        return Path(named)
    return _CHECKOUT.parent / "shared" / "cuad" / "cuad_train.json.gz"


def read(
    path: Path | None = None, *, sha256: str = DATA_SHA256
) -> tuple[Contract, ...]:
    """Return every contract of the file, in file order.

    Raises `DataError` when the file is missing or its SHA-256 is another.
    """
    path = path or default_path()
    if not path.is_file():
        raise DataError(
            path=path,
            expected=sha256,
            actual=None,
        )
    packed = path.read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    if digest != sha256:
        raise DataError(
            path=path,
            expected=sha256,
            actual=digest,
        )
    document = json.loads(gzip.decompress(packed))
    return tuple(_contract(entry) for entry in document["data"])


def _contract(entry: dict[str, Any]) -> Contract:
    paragraph = entry["paragraphs"][0]
    return Contract(
        title=entry["title"],
        text=str(paragraph["context"]),
        answers={
            question["category"]: _spans(question) for question in paragraph["qas"]
        },
    )


def _spans(question: dict[str, Any]) -> tuple[Span, ...]:
    """Return the answers in ascending order, without duplicates."""
    bounds = set()
    for answer in question["answers"]:
        start = answer["answer_start"]
        bounds.add((start, start + len(answer["text"])))
    return tuple(Span(start=start, end=end) for start, end in sorted(bounds))
