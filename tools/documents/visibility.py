"""Whether the reader of a DOCX sees a run of its text: hidden, of the colour of its ground, tiny.

What is decided by looks alone cannot be decided for all: where the ground is not known (a text box,
a table whose style shades it), a colour hides nothing, so that no visible word is left out.
"""

import math
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from interlock.tools.documents.inventory import Hiding

# An lxml element. lxml ships no types.
_Element = Any
_Values: TypeAlias = dict[str, _Element]
#: Red, green and blue, from 0 to 255
_Colour: TypeAlias = tuple[int, ...]

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_VAL: Final = _W + "val"
_LOOKS: Final = ("vanish", "sz", "color", "shd", "highlight")
_WHITE: Final = (255, 255, 255)
_BLACK: Final = (0, 0, 0)
_TINY: Final = 2.0  # half-points
#: Half-points of each unit that a size may be written in
_UNITS: Final = {
    "pt": 2.0,
    "mm": 5.669,
    "cm": 56.69,
    "in": 144.0,
    "pc": 24.0,
    "pi": 24.0,
}
#: As the contrast of WCAG, from 1 to 21; light grey on white has 1.5
_LEAST_CONTRAST: Final = 1.2
_OFF: Final = frozenset({"0", "false", "off"})
_THEME: Final = {
    "background1": _WHITE,
    "light1": _WHITE,
    "text1": _BLACK,
    "dark1": _BLACK,
}
_HIGHLIGHTS: Final = {
    "white": "FFFFFF",
    "black": "000000",
    "yellow": "FFFF00",
    "green": "00FF00",
    "cyan": "00FFFF",
    "magenta": "FF00FF",
    "blue": "0000FF",
    "red": "FF0000",
    "darkBlue": "000080",
    "darkCyan": "008080",
    "darkGreen": "008000",
    "darkMagenta": "800080",
    "darkRed": "800000",
    "darkYellow": "808000",
    "darkGray": "808080",
    "lightGray": "C0C0C0",
}
#: What may be shaded -> where its shading stands
_SHADED: Final = {_W + "p": "pPr", _W + "tc": "tcPr", _W + "tbl": "tblPr"}
_TABLE: Final = _W + "tbl"
_TEXT_BOX: Final = _W + "txbxContent"


class Visibility:
    """The looks of one document's runs: its styles, and the colour of its page."""

    def __init__(self, styles: _Element, page: str | None) -> None:
        self._page = _rgb(page) or _WHITE
        self._styles = {
            style.get(_W + "styleId"): style for style in styles.iter(_W + "style")
        }
        self._usual = {
            style.get(_W + "type"): name
            for name, style in self._styles.items()
            if style.get(_W + "default") not in {None, *_OFF}
        }
        self._defaults = styles.find(f"{_W}docDefaults/{_W}rPrDefault/{_W}rPr")
        self._known: dict[tuple[str | None, ...], _Values] = {}

    def hiding(self, run: _Element) -> Hiding | None:
        """Return by what *run* is kept from the eyes of a reader, or None for one that is seen."""
        looks = self._looks(run)
        if _is_on(looks.get("vanish")):
            return "hidden"
        if _half_points(looks.get("sz")) <= _TINY:
            return "size"
        ink = _ink(looks.get("color"))
        if ink is None:
            return None
        grounds = self._grounds(run, looks)
        is_lost = all(_contrast(ink, ground) < _LEAST_CONTRAST for ground in grounds)
        return "colour" if grounds and is_lost else None

    def _looks(self, run: _Element) -> _Values:
        """Return what decides on the looks of *run*: its own word, or else that of its styles."""
        paragraph = next(run.iterancestors(_W + "p"), None)
        table = next(run.iterancestors(_TABLE), None)
        key = (
            _named(run, "rPr", "rStyle"),
            _named(paragraph, "pPr", "pStyle") or self._usual.get("paragraph"),
            _named(table, "tblPr", "tblStyle"),
        )
        if key not in self._known:
            self._known[key] = self._styled(key)
        own = run.find(_W + "rPr")
        return self._known[key] | ({} if own is None else _values(own))

    def _styled(self, names: tuple[str | None, ...]) -> _Values:
        values = {} if self._defaults is None else _values(self._defaults)
        for name in reversed(names):
            for style in reversed(list(self._chain(name))):
                properties = style.find(_W + "rPr")
                values |= {} if properties is None else _values(properties)
        return values

    def _chain(self, name: str | None) -> Iterator[_Element]:
        """Yield the style and what it is based on, each once."""
        seen: set[str | None] = set()
        while name in self._styles and name not in seen:
            seen.add(name)
            style = self._styles[name]
            yield style
            base = style.find(_W + "basedOn")
            name = None if base is None else base.get(_VAL)

    def _grounds(self, run: _Element, looks: _Values) -> tuple[_Colour, ...]:
        """Return the colours that *run* stands on; none where they are not known."""
        highlight = looks.get("highlight")
        marked = None if highlight is None else _HIGHLIGHTS.get(highlight.get(_VAL))
        if marked is not None:
            return (_rgb(marked) or _WHITE,)
        for shading in (looks.get("shd"), *self._shadings(run)):
            if isinstance(shading, str):
                return ()
            grounds = _shaded(shading)
            if grounds:
                return grounds
        return (self._page,)

    def _shadings(self, run: _Element) -> Iterator[_Element | str]:
        """Yield the shadings under *run*, the nearest first; a word where one is not known."""
        for place in run.iterancestors(*_SHADED, _TEXT_BOX):
            if place.tag == _TEXT_BOX:
                yield "text box"
                return
            yield place.find(f"{_W}{_SHADED[place.tag]}/{_W}shd")
            name = _named(place, _SHADED[place.tag], "pStyle")
            for style in self._chain(name):
                yield style.find(f"{_W}pPr/{_W}shd")
            if place.tag == _TABLE:
                styles = self._chain(_named(place, "tblPr", "tblStyle"))
                if any(style.find(f".//{_W}shd") is not None for style in styles):
                    yield "table style"


def _named(element: _Element | None, properties: str, kind: str) -> str | None:
    if element is None:
        return None
    style = element.find(f"{_W}{properties}/{_W}{kind}")
    return None if style is None else style.get(_VAL)


def _values(properties: _Element) -> _Values:
    values = {name: properties.find(_W + name) for name in _LOOKS}
    return {name: value for name, value in values.items() if value is not None}


def _is_on(toggle: _Element | None) -> bool:
    return toggle is not None and toggle.get(_VAL) not in _OFF


def _half_points(size: _Element | None) -> float:
    text = "" if size is None else size.get(_VAL) or ""
    unit = _UNITS.get(text[-2:])
    try:
        return float(text) if unit is None else float(text[:-2]) * unit
    except ValueError:
        return float("inf")


def _ink(colour: _Element | None) -> _Colour | None:
    """Return the colour of a text, None for the one that stands out by itself."""
    if colour is None:
        return None
    theme = _THEME.get(colour.get(_W + "themeColor"))
    is_plain = not (colour.get(_W + "themeShade") or colour.get(_W + "themeTint"))
    return theme if theme and is_plain else _rgb(colour.get(_VAL))


def _shaded(shading: _Element | None) -> tuple[_Colour, ...]:
    if shading is None:
        return ()
    fill = _rgb(shading.get(_W + "fill"))
    pattern = _rgb(shading.get(_W + "color")) or _BLACK
    match shading.get(_VAL):
        case "clear" | "nil" | None:
            return () if fill is None else (fill,)
        case "solid":
            return (pattern,)
        case _:
            return (fill or _WHITE, pattern)


def _rgb(text: str | None) -> _Colour | None:
    try:
        colour = tuple(bytes.fromhex(text or ""))
    except ValueError:
        return None
    return colour if len(colour) == len(_WHITE) else None


def _contrast(one: _Colour, other: _Colour) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: _Colour) -> float:
    red, green, blue = (math.pow(part / 255, 2.2) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
