"""Reports for people, as HTML that shows contract text as text."""

from interlock.tools.contracts.report.write import (
    NAME,
    Write,
    Written,
    printed,
    report_tools,
)
from interlock.tools.page import render

__all__ = ["NAME", "Write", "Written", "printed", "render", "report_tools"]
