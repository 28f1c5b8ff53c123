"""The demo's page: every run with its clauses, risk, decisions, waits and spend, and the ledger."""

from pathlib import Path
from typing import Any

from interlock.tools import files
from interlock.tools.contracts.report import render


def write(path: Path, summary: dict[str, Any]) -> None:
    """Write the page at *path*, for its owner alone."""
    html = render("demo.html", summary=summary)
    files.write(path, html.encode())
