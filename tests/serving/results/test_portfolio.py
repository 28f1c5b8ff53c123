"""The page of a portfolio: all of a job on one page, whatever its documents are called."""

import io
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from interlock.runtime.run.jobs import Item
from interlock.serving.results.portfolio import write_page
from interlock.serving.results.row import Results

HOSTILE = "<script>alert('\u202e')\"&"


def item(seq: int, status: str, **fields: Any) -> Item:
    """Return a document whose name is markup."""
    plain: dict[str, Any] = {
        "run_id": f"run-{seq}",
        "path": f"/c/{HOSTILE}{seq}",
        "document": "",
        "refused": "",
        "why": "",
        "outcome": {},
        "updated": 0,
    }
    return Item(seq=seq, status=status, **plain | fields)


def reviewed(seq: int, score: int, status: str = "done") -> Item:
    """Return a document with so many points."""
    position = {
        "category": f"{HOSTILE}cap",
        "points": score,
        "why": f"{HOSTILE}none",
        "when": "absent",
        "doubted": False,
    }
    tier = "high" if score > 600 else "low"
    risk: Any = {"tier": tier, "score": score, "contributions": [position]}
    return item(seq, status, outcome={"risk": risk, "findings": []})


async def page(*documents: Item) -> str:
    """Return the page of these documents."""

    async def items() -> AsyncIterator[Item]:
        for document in documents:
            yield document

    target = io.BytesIO()
    number = await write_page(Results(job="job-1", items=items()), target)
    assert number == len(documents)
    return target.getvalue().decode()


@pytest.mark.parametrize("status", ["waiting", "failed", "dead", "queued", "skipped"])
async def test_nothing_of_a_document_becomes_markup(status: str) -> None:
    """Names, reasons and clauses of the documents are text in every part of the page."""
    text = await page(reviewed(0, 700), item(1, status, why=HOSTILE))

    assert text.count("&lt;script&gt;") >= 5
    assert "<script" not in text
    assert "\u202e" not in text
    assert re.findall(r"(?:src|href|url)\s*[=(]", text) == []


async def test_the_worst_contracts_stand_first() -> None:
    """Contracts stand by their points, also those that wait, each with what weighs most."""
    text = await page(
        reviewed(0, 10),
        reviewed(1, 900),
        reviewed(2, 500, "waiting"),
        item(3, "failed"),
    )
    worst = text[text.index("Worst first") : text.index("Clauses not found")]

    assert re.findall(r"run-\d", worst) == ["run-1", "run-2", "run-0"]
    assert "3 of 3" in text
    assert "1 (33 %)" in text


async def test_what_was_not_reviewed_stands_with_its_reason() -> None:
    """A document that failed, is dead or is skipped is named with the reason, by its part."""
    text = await page(
        item(0, "failed", why="it is empty"),
        item(1, "skipped", run_id="", why="run-9 reviews the same document"),
        item(2, "waiting"),
        item(3, "dead"),
    )
    parts = re.findall(r"<h2>([^<]*)</h2>", text)

    assert parts[:3] == [
        "Waits for a person (1)",
        "Not reviewed (2)",
        "Reviewed elsewhere (1)",
    ]
    assert "it is empty" in text
    assert "run-9 reviews the same document" in text


async def test_a_page_of_many_contracts_names_the_worst_only() -> None:
    """However many there are, all are counted, and the page says what it leaves out."""
    many = [reviewed(seq, seq % 1000) for seq in range(1500)]
    text = await page(*many, *(item(seq, "failed") for seq in range(1500, 1700)))

    assert "<b>1700 documents</b>" in text
    assert len(re.findall(r"<code>run-\d+</code>", text)) == 200
    assert "1400 with fewer points are not shown" in text
    assert "100 more are not shown" in text
    assert "run-999<" in text
