"""Reports for people, as HTML that shows contract text as text."""

from interlock.tools.contracts.report.write import (
    NAME,
    TEMPLATES,
    Write,
    Written,
    printed,
    report_tools,
)

__all__ = ["NAME", "TEMPLATES", "Write", "Written", "printed", "report_tools"]
