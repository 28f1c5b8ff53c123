"""The results of a job as CSV: one line for each kind of clause of each contract.

A table program makes a grid of the lines in one step. No cell is a formula: a text that begins like
one has an apostrophe before it.
"""

import csv
import io
from typing import IO, Final

from interlock.serving.results.cell import cell
from interlock.serving.results.kinds import kinds
from interlock.serving.results.row import Results, result

COLUMNS: Final = (
    "seq", "run_id", "path", "status", "tier", "score", "category", "state", "clauses", "points"
)  # fmt: skip


async def write_csv(results: Results, target: IO[bytes]) -> int:
    """Write the lines, and return how many documents there are; one without a review has one."""
    lines = io.TextIOWrapper(target, "utf-8", newline="", write_through=True)
    table = csv.writer(lines)
    table.writerow(COLUMNS)
    number = 0
    async for item in results.items:
        row = result(item)
        start = [row[name] for name in COLUMNS[:6]]
        parts = [
            [category, kind.state, kind.clauses, kind.points]
            for category, kind in sorted(kinds(row).items())
        ]
        for part in parts or [["", "", 0, 0]]:
            table.writerow([cell(value) for value in (*start, *part)])
        number += 1
    lines.detach()
    return number
