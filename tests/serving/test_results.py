"""The results of a job as files for other programs."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

from interlock.runtime.run.jobs import Item
from interlock.serving.results import write_jsonl, write_xlsx

FORMULA = "=HYPERLINK(1)"


async def items() -> AsyncIterator[Item]:
    """Yield a document whose name and whose clause begin as a formula does."""
    clause: dict[str, Any] = {
        "category": "Cap On Liability",
        "place": "p. 1",
        "section": "2",
        "confidence": 9_000,
        "text": FORMULA,
    }
    yield Item(
        seq=0,
        run_id="run-1",
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
    assert await write_xlsx(items(), target) == 1
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
    assert await write_jsonl(items(), target) == 1
    row = json.loads(target.getvalue())

    assert (row["tier"], row["findings"][0]["text"]) == ("low", FORMULA)
