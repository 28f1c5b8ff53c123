"""What writes each format of the results of a job."""

from collections.abc import Awaitable, Callable, Mapping
from typing import IO, Final

from interlock.serving.results.csv import write_csv
from interlock.serving.results.formats import Format
from interlock.serving.results.jsonl import write_jsonl
from interlock.serving.results.parquet import write_parquet
from interlock.serving.results.portfolio import write_page
from interlock.serving.results.row import Results
from interlock.serving.results.workbook import write_xlsx

WRITERS: Final[Mapping[Format, Callable[[Results, IO[bytes]], Awaitable[int]]]] = {
    "jsonl": write_jsonl,
    "xlsx": write_xlsx,
    "csv": write_csv,
    "parquet": write_parquet,
    "html": write_page,
}
