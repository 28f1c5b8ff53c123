"""The page about measurements: what a person who answers for an agent hands to an auditor."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from interlock.evals.suites.measurement import Measurement
from interlock.tools.contracts.report import TEMPLATES
from interlock.tools.page import render

#: The page's own template, which includes the look of the reports
_FOLDERS: Final = (Path(__file__).resolve().parent / "templates", TEMPLATES)


def page(measurements: Sequence[Measurement]) -> str:
    """Return the page as HTML that needs no other file."""
    return render(
        "evaluation.html",
        folders=_FOLDERS,
        measurements=measurements,
    )
