"""Characters that nobody sees, told apart from those that are seen."""

from dataclasses import dataclass
from itertools import groupby

from interlock.tools.page import visible


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A stretch of a text: as it is, or as the codes of characters that hide or reorder."""

    text: str
    is_hidden: bool


def parts(text: str) -> list[Part]:
    """Return *text* in stretches, so that a page can mark the characters that nobody would see."""
    plain = text.replace("\u00a0", " ")
    if visible(plain) == plain:
        return [Part(text=plain, is_hidden=False)]
    return [
        Part(text="".join(map(visible, characters)), is_hidden=is_hidden)
        for is_hidden, characters in groupby(plain, key=_is_hidden)
    ]


def has_hidden(text: str) -> bool:
    """Whether a character of *text* hides or reorders."""
    return any(part.is_hidden for part in parts(text))


def _is_hidden(character: str) -> bool:
    return visible(character) != character
