"""The formats in which the results of a job are written; what writes them is imported when used."""

from typing import Literal, TypeAlias

Format: TypeAlias = Literal["jsonl", "xlsx", "csv", "parquet", "html"]
