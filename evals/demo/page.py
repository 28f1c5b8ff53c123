"""The demo's page: every run with its clauses, risk, decisions, waits and spend, and the ledger's head."""

from pathlib import Path
from typing import Any

from interlock.tools import files
from interlock.tools.contracts.extraction import CERTAIN
from interlock.tools.contracts.report import render


def write(path: Path, summary: dict[str, Any]) -> None:
    """Write the page at *path*, for its owner alone."""
    runs = [_run(view) for view in summary["runs"]]
    files.write(path, render("demo.html", summary=summary | {"runs": runs}).encode())


def _run(view: dict[str, Any]) -> dict[str, Any]:
    """Give the clauses their confidence in basis points again, as the templates take it."""
    return view | {
        "findings": [
            each | {"confidence": round(each["confidence"] * CERTAIN)} for each in view["findings"]
        ]
    }
