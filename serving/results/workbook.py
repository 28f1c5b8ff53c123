"""The results of a job as a workbook: a sheet of documents, a sheet of what was found in them.

No cell is a formula: what a contract says is text, however it begins.
"""

from importlib import import_module
from typing import IO, Any, Final

from interlock.serving.results.row import CONTRACTS, FINDINGS, Results, result

#: A cell of a table program holds no more
_LONGEST: Final = 32_767


def workbook(target: IO[bytes]) -> Any:
    """Return an open workbook that goes to *target* row by row; no cell of it becomes a formula."""
    return import_module("xlsxwriter").Workbook(  # has no types
        target,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )


async def write_xlsx(results: Results, target: IO[bytes]) -> int:
    """Write a sheet of documents and a sheet of what was found in them, row by row.

    Rows go to the disk as they are written, so the memory does not grow with their number.
    """
    book = workbook(target)
    contracts = Sheet(book, "Contracts", CONTRACTS)
    findings = Sheet(book, "Findings", FINDINGS)
    number = 0
    async for item in results.items:
        row = result(item)
        found = row["findings"]
        contracts.add({**row, "findings": len(found)})
        for finding in [*found, *row["places"]]:
            findings.add({**row, **finding, "page": finding["place"]})
        number += 1
    book.close()
    return number


class Sheet:
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
