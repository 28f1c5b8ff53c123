"""The results of a job, one document after the other: as lines of JSON, or as a workbook.

No cell is a formula: what a contract says is text, however it begins.
"""

import json
from collections.abc import AsyncIterator
from importlib import import_module
from typing import IO, Any, Final, Literal, TypeAlias

from interlock.runtime.run.jobs import Item
from interlock.serving import batches
from interlock.serving.view import shares

Format: TypeAlias = Literal["jsonl", "xlsx"]
CONTRACTS: Final = (
    "seq",
    "run_id",
    "path",
    "status",
    "tier",
    "score",
    "findings",
    "why",
)
FINDINGS: Final = (
    "seq", "run_id", "path", "category", "page", "section", "confidence", "text"
)  # fmt: skip
#: A cell of a table program holds no more
_LONGEST: Final = 32_767


def result(item: Item) -> dict[str, Any]:
    """Return one document with everything that its review found."""
    outcome: Any = shares(dict(item.outcome))
    row = batches.row(item)
    risk = row.pop("risk")
    return {
        **row,
        "tier": risk and risk["tier"],
        "score": risk and risk["score"],
        "document": outcome.get("document"),
        "findings": outcome.get("findings", []),
        "risk": outcome.get("risk"),
    }


async def write_jsonl(items: AsyncIterator[Item], target: IO[bytes]) -> int:
    """Write one line a document, and return how many there are."""
    number = 0
    async for item in items:
        line = json.dumps(result(item), ensure_ascii=False)
        target.write(f"{line}\n".encode())
        number += 1
    return number


async def write_xlsx(items: AsyncIterator[Item], target: IO[bytes]) -> int:
    """Write a sheet of documents and a sheet of what was found in them, row by row.

    Rows go to the disk as they are written, so the memory does not grow with their number.
    """
    book = import_module("xlsxwriter").Workbook(  # has no types
        target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    contracts = _Sheet(book, "Contracts", CONTRACTS)
    findings = _Sheet(book, "Findings", FINDINGS)
    number = 0
    async for item in items:
        row = result(item)
        found = row["findings"]
        contracts.add({**row, "findings": len(found)})
        for finding in found:
            findings.add({**row, **finding, "page": finding["place"]})
        number += 1
    book.close()
    return number


class _Sheet:
    """One sheet with a row of names on top."""

    def __init__(self, book: Any, name: str, columns: tuple[str, ...]) -> None:
        self._sheet = book.add_worksheet(name)
        self._columns = columns
        self._rows = 0
        self._write(list(columns))

    def add(self, row: dict[str, Any]) -> None:
        """Add the columns of *row* that the sheet has."""
        self._write([row[column] for column in self._columns])

    def _write(self, values: list[Any]) -> None:
        for column, value in enumerate(values):
            if isinstance(value, int | float):
                self._sheet.write_number(self._rows, column, value)
            elif value is not None:
                text = str(value)[:_LONGEST]
                self._sheet.write_string(self._rows, column, text)
        self._rows += 1


#: How each format is written
WRITERS: Final = {"jsonl": write_jsonl, "xlsx": write_xlsx}
