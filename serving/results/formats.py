"""Every format in which the results of a job are written."""

from typing import Final, Literal, TypeAlias

from interlock.serving.results.jsonl import write_jsonl
from interlock.serving.results.parquet import write_parquet
from interlock.serving.results.portfolio import write_page
from interlock.serving.results.workbook import write_xlsx

Format: TypeAlias = Literal["jsonl", "xlsx", "parquet", "html"]
#: How each format is written
WRITERS: Final = {
    "jsonl": write_jsonl,
    "xlsx": write_xlsx,
    "parquet": write_parquet,
    "html": write_page,
}
