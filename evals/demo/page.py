"""The demo's page: every run with its clauses, risk, decisions, waits and spend, and the ledger."""

from pathlib import Path
from typing import Any, Final

from interlock.tools import files
from interlock.tools.contracts.report import TEMPLATES
from interlock.tools.page import render

#: The demo's own page, which includes parts of the report
_FOLDERS: Final = (Path(__file__).resolve().parent / "templates", TEMPLATES)


def write(path: Path, summary: dict[str, Any]) -> None:
    """Write the page at *path*, for its owner alone."""
    html = render("demo.html", folders=_FOLDERS, summary=summary)
    files.write(path, html.encode())
