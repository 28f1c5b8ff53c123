"""A cell of a table that no table program takes for a formula."""

from typing import Any, Final

#: What makes a table program calculate
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def cell(value: Any) -> Any:
    """Return *value*; a text that begins like a formula has an apostrophe before it."""
    is_formula = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if is_formula else value
