"""Reports for people, as HTML that shows contract text as text."""

from interlock.tools.report.page import render
from interlock.tools.report.write import NAME, Report, Written, printed, report_tools

__all__ = ["NAME", "Report", "Written", "printed", "render", "report_tools"]
