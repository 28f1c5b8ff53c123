"""The results of a job as files for other programs."""

import csv
import io
import json
import sys
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pyarrow import parquet  # type: ignore[import-untyped]  # ships no types

from interlock.errors import BadInput
from interlock.runtime.run.jobs import Item
from interlock.serving.results.csv import write_csv
from interlock.serving.results.jsonl import write_jsonl
from interlock.serving.results.parquet import write_parquet
from interlock.serving.results.row import Results
from interlock.serving.results.workbook import write_xlsx

FORMULA = "=HYPERLINK(1)"


def results(number: int = 1) -> Results:
    """Return the results of a job with so many documents."""
    return Results(job="job-1", items=items(number))


async def items(number: int) -> AsyncIterator[Item]:
    """Yield documents whose name and whose clause begin as a formula does."""
    clause: dict[str, Any] = {
        "category": "Cap On Liability",
        "answer": "found",
        "source": "extractor",
        "place": "p. 1",
        "section": "2",
        "confidence": 9_000,
        "text": FORMULA,
    }
    for seq in range(number):
        yield Item(
            seq=seq,
            run_id=f"run-{seq}",
            status="done",
            path=f"{FORMULA}.txt",
            document="",
            refused="",
            why="",
            outcome={"findings": [clause], "risk": {"tier": "low", "score": 1}},
            updated=0,
        )


async def test_no_cell_of_a_workbook_is_a_formula() -> None:
    """What a contract says is text, however it begins; a finding has a row with its page."""
    target = io.BytesIO()
    assert await write_xlsx(results(), target) == 1
    book = zipfile.ZipFile(target)
    contracts, findings = (
        book.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2)
    )

    assert f"{FORMULA}.txt" in contracts
    assert FORMULA in findings
    assert "p. 1" in findings
    assert "<f>" not in contracts + findings


async def test_a_line_of_json_has_a_whole_document() -> None:
    """One line a document, with its findings and its risk."""
    target = io.BytesIO()
    assert await write_jsonl(results(), target) == 1
    row = json.loads(target.getvalue())

    assert (row["tier"], row["findings"][0]["text"]) == ("low", FORMULA)


async def test_a_line_of_csv_has_a_kind_of_clause() -> None:
    """A contract has a line for each kind with its count, and no cell is a formula."""
    target = io.BytesIO()
    assert await write_csv(results(2), target) == 2
    rows = list(csv.DictReader(io.StringIO(target.getvalue().decode())))

    assert [row["path"] for row in rows] == [f"'{FORMULA}.txt"] * 2
    assert (rows[0]["category"], rows[0]["clauses"]) == ("Cap On Liability", "1")


@pytest.mark.parametrize("number", [1, 200, 201])
async def test_a_parquet_file_has_a_row_a_document(number: int) -> None:
    """Every document is read back once and in order, with its findings in its row; no more than a
    part of them was in memory.
    """
    target = io.BytesIO()
    assert await write_parquet(results(number), target) == number
    file = parquet.ParquetFile(target)
    rows = file.read().to_pylist()

    assert [row["run_id"] for row in rows] == [f"run-{seq}" for seq in range(number)]
    assert (rows[-1]["tier"], rows[-1]["findings"][0]["text"]) == ("low", FORMULA)
    assert rows[-1]["findings"][0]["page"] == "p. 1"
    groups = [file.metadata.row_group(index) for index in range(file.num_row_groups)]
    assert max(group.num_rows for group in groups) <= 200


async def test_a_format_without_its_package_says_how_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the extra there is one error, with the line that installs it, and nothing is
    written.
    """
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    target = io.BytesIO()
    with pytest.raises(BadInput) as refused:
        await write_parquet(results(), target)

    assert "interlock[parquet]" in refused.value.next_step
    assert target.getvalue() == b""
