"""Reports for people, as HTML that shows contract text as text."""

from interlock.tools.report.page import render
from interlock.tools.report.write import Report, Written, report_tools

__all__ = ["Report", "Written", "render", "report_tools"]
