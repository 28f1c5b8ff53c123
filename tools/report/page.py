"""Rendering: Jinja with autoescaping, so text from a contract can never become markup, script or a link."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

#: Characters that reorder or hide text; shown by their code, so that a reader sees what is there (CVE-2021-42574)
_HIDDEN: Final = {
    code: f"\u27e8U+{code:04X}\u27e9" for code in (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
}


def render(template: str, **values: Any) -> str:
    """Return the named template filled with *values*; raises jinja2.UndefinedError for a value that is missing."""
    return _environment().get_template(template).render(**values)


def visible(text: str) -> str:
    """Return *text* with invisible and reordering characters replaced by their code points.

    A space that does not break is shown as one that does: it looks the same, and lines can end.
    """
    return text.translate(_HIDDEN).replace("\u00a0", " ")


@cache
def _environment() -> Environment:
    folder = Path(__file__).resolve().parent / "templates"
    loader = FileSystemLoader(folder)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["visible"] = visible
    environment.filters["percent"] = lambda basis: f"{basis / 100:.0f} %"
    return environment
