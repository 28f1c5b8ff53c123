"""The results of a job as a Parquet file, for programs that calculate over many contracts.

One row a document; its findings are a list in the row, which such programs unnest. The package that
writes the format is large, so it is an extra.
"""

from importlib import import_module
from typing import IO, Any, Final

from interlock.runtime.errors import BadInput
from interlock.serving.results.row import Results, result

#: Documents that are in memory at a time; so many rows are one group of the file
_GROUP: Final = 200


async def write_parquet(results: Results, target: IO[bytes]) -> int:
    """Write one row a document, group by group, and return how many there are.

    Raises `BadInput` when the package for it is not installed; then nothing is written.
    """
    arrow, parquet = _libraries()
    schema = _schema(arrow)
    number = 0
    rows: list[dict[str, Any]] = []
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:

        def flush() -> None:
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
            rows.clear()

        async for item in results.items:
            rows.append(_row(result(item)))
            number += 1
            if len(rows) == _GROUP:
                flush()
        flush()
    return number


def _libraries() -> tuple[Any, Any]:
    """Return what writes the format; it has no types."""
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise BadInput(
            what="--format parquet",
            why="the package that writes it is missing",
            next_step="Install it with pip install 'interlock[parquet]', or take --format jsonl.",
        ) from error


def _schema(arrow: Any) -> Any:
    text = arrow.string()
    finding = arrow.struct(
        {
            "category": text,
            "answer": text,
            "source": text,
            "page": text,
            "section": text,
            "confidence": arrow.float64(),
            "text": text,
        }
    )
    return arrow.schema(
        {
            "seq": arrow.int64(),
            "run_id": text,
            "path": text,
            "status": text,
            "tier": text,
            "score": arrow.int32(),
            "findings": arrow.list_(finding),
            "why": text,
        }
    )


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of the schema; what a row has more is left out by the schema."""
    clauses = [*row["findings"], *row["places"]]
    findings = [{**finding, "page": finding["place"]} for finding in clauses]
    return {**row, "findings": findings}
