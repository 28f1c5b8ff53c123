"""Rendering: Jinja with autoescaping, so that text from a contract never becomes markup.

Every value that a template prints is made visible first; no template has to ask for it.
"""

import unicodedata
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from jinja2 import Environment

#: Unicode's categories of what has no look of its own: control, format, surrogate, private,
#: unassigned, line, paragraph
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: What looks like nothing though it counts as a letter, a mark or a symbol: fillers, joiners and
#: variation selectors
_BLANK: Final = frozenset(
    {
        0x034F,
        0x115F,
        0x1160,
        0x17B4,
        0x17B5,
        *range(0x180B, 0x1810),
        0x2800,
        0x3164,
        *range(0xFE00, 0xFE10),
        0xFFA0,
        *range(0xE0100, 0xE01F0),
    }
)
HALF: Final = 5_000  # basis points
#: White space that ends a line, moves on or, between the pages of a PDF, ends a page
_SPACE: Final = frozenset("\n\t\f")


def render(template: str, *, folders: tuple[Path, ...], **values: Any) -> str:
    """Return the named template filled with *values*.

    The template, and what it includes, is the first of its name in *folders*. Raises
    jinja2.UndefinedError for a value that is missing.
    """
    return _environment(folders).get_template(template).render(**values)


def visible(text: str) -> str:
    """Return *text* with each invisible or reordering character shown by its code point.

    A space that does not break is shown as one that does: it looks the same, and lines can end.
    """
    return "".join(map(_seen, text))


@cache
def _seen(char: str) -> str:
    if char == "\u00a0":
        return " "
    hidden = unicodedata.category(char) in _UNSEEN or ord(char) in _BLANK
    if hidden and char not in _SPACE:
        return f"\u27e8U+{ord(char):04X}\u27e9"
    return char


def _finalised(value: Any) -> Any:
    """Return text made visible, and anything else as it is; markup was made of visible text."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return visible(value)
    return value


@cache
def _environment(folders: tuple[Path, ...]) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only pages need it

    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalised,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["time"] = lambda seconds: (
        f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    )
    environment.filters["percent"] = _percent
    environment.filters["anchor"] = _anchor
    environment.filters["plural"] = _plural
    environment.tests["unsure"] = lambda confidence: _basis_points(confidence) < HALF
    return environment


def _basis_points(confidence: float) -> float:
    """Return a confidence in basis points: a whole number is one already, a share of one is not."""
    return confidence if isinstance(confidence, int) else confidence * 2 * HALF


def _percent(confidence: float) -> str:
    return f"{_basis_points(confidence) / 100:.0f} %"


def _anchor(clause: Any) -> str:
    """Return what a link to the clause names: the same for the same place and category."""
    place = clause if isinstance(clause, dict) else vars(clause)
    letters = filter(str.isalnum, place["category"].encode("ascii", "ignore").decode())
    return f"c{place['start']}-{place['end']}-{''.join(letters)}"


def _plural(word: str) -> str:
    """Return the plural of a part of a file: of its first word, when more words tell of what."""
    if word.startswith("page "):
        return f"pages {word.removeprefix('page ')}"
    return f"{word}es" if word.endswith("x") else f"{word}s"
