"""What is submitted as a job: the documents that a folder or a manifest names, and what is asked.

A manifest is a CSV file with a column `path`; its other columns are fields of the request, one row
a document. Paths in it are relative to the manifest. A row ends at CR or LF outside quotes, and at
nothing else: every other character, and a line break within quotes, is part of its value.
"""

import csv
import io
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from interlock.runtime.canonical import Json, digest
from interlock.runtime.errors import BadInput
from interlock.serving import intake
from interlock.tools.documents.document import printable
from interlock.tools.documents.reader import File

_PATH: Final = "path"


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """One document as it was named, with what is asked of it alone."""

    path: Path
    request: Mapping[str, Json] = field(default_factory=dict)
    #: Of a document that came over the network: the digest of its bytes, and what takes them
    digest: str = ""
    taken: Callable[[], Awaitable[File]] | None = None

    @property
    def name(self) -> str:
        """The path for people, also where it is no text: nothing is read by this name."""
        return printable(str(self.path))

    @property
    def state(self) -> list[Json]:
        """The name, and what betrays that another file has it by now."""
        if self.digest:
            return [self.name, self.digest]
        try:
            facts = self.path.stat()
        except OSError:
            return [self.name, 0, 0]
        return [self.name, facts.st_size, str(facts.st_mtime_ns)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """What a person submits."""

    agent: str
    documents: Sequence[Named]
    #: All of the request that the documents share
    request: Mapping[str, Json] = field(default_factory=dict)
    #: What all runs together may spend, by kind
    limits: Mapping[str, int] = field(default_factory=dict)
    priority: int = 0
    #: The job's own name; without one its documents are its name
    name: str = ""
    #: Also review what was reviewed before
    again: bool = False

    @property
    def digest(self) -> str:
        """What the same submission has again, so that a killed one goes on."""
        documents: list[Json] = [
            [*named.state, dict(named.request)] for named in self.documents
        ]
        return digest(
            [self.agent, self.name or documents, dict(self.request), self.again]
        )


def documents(name: str) -> list[Named]:
    """Return what *name* stands for: a file, every contract below a folder, or a manifest's rows.

    Raises `BadInput` for what is not there and for what holds nothing.
    """
    if Path(name).suffix.lower() == ".csv":
        return list(_manifest(Path(name)))
    return [Named(path=path) for path in intake.contracts(name)]


def _manifest(file: Path) -> Iterator[Named]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise _refused(file, "it cannot be read as UTF-8 text") from error
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    if _PATH not in (rows.fieldnames or ()):
        raise _refused(file, f"it has no column {_PATH!r}")
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            yield _row(file, number, row)
    except csv.Error as error:
        raise _refused(file, f"row {number + 1}: {error}") from error
    if not number:
        raise _refused(file, "it names no document")


def _row(file: Path, number: int, row: dict[Any, Any]) -> Named:
    name = row.pop(_PATH)
    if not name or None in row or None in row.values():
        raise _refused(file, f"row {number} does not have the columns of the first row")
    fields = {column: value for column, value in row.items() if value}
    return Named(
        path=(file.absolute().parent / name),
        request=fields,
    )


def _refused(file: Path, why: str) -> BadInput:
    return BadInput(
        what=str(file),
        why=why,
        next_step=f"Write a CSV file with a header, a column {_PATH!r}, one row a document.",
    )
