"""What stands in a file beside its running text: what of that was read, and what was left out."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

#: How tracked changes are read: as if all were accepted, or as if all were rejected
Redline: TypeAlias = Literal["accepted", "rejected"]
#: A kind of content beside the running text
Part: TypeAlias = Literal[
    "header",
    "footer",
    "footnote",
    "endnote",
    "text box",
    "comment",
    "picture",
    "diagram",
    "embedded object",
    "hidden text",
    "automatic number",
    "annotation",
    "form field",
    "attachment",
    "page without text",
    "unlisted object",
]
#: By what a text is kept from the eyes of a reader: hidden, of the colour of its ground, tiny
Hiding: TypeAlias = Literal["hidden", "colour", "size"]
LONGEST_EXCERPT: Final = 300  # characters of a change, or of a hidden text
MOST_CHANGES: Final = 500  # shown; more are counted
MOST_HIDDEN: Final = 500  # as above


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """How often a part occurs in the file."""

    part: Part
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A stretch of the text that is no running text: it ends where the next begins."""

    part: Part
    #: From 1 among its kind
    number: int
    start: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A tracked change: [start, end) of the text, empty where the change's text is left out."""

    kind: Literal["inserted", "deleted"]
    author: str
    #: The beginning of what was inserted or deleted
    excerpt: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Hidden:
    """A text that the file holds and shows to nobody; left out where it would stand at `start`."""

    why: Hiding
    #: The beginning of the text
    excerpt: str
    start: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Inventory:
    """What a file holds beside its running text."""

    #: Read as part of the text
    read: tuple[Count, ...] = ()
    #: In the file, and not in the text
    left_out: tuple[Count, ...] = ()
    #: Where each paragraph of the running text starts that holds text; empty for other formats
    paragraphs: tuple[int, ...] = ()
    #: In the order of the text, after all running text
    stretches: tuple[Stretch, ...] = ()
    #: In the order of the text; the first of all that there are
    changes: tuple[Change, ...] = ()
    #: How many tracked changes there are in all
    changed: int = 0
    redline: Redline = "accepted"
    #: In the order of the text; the first of all that there are
    hidden: tuple[Hidden, ...] = ()

    def is_changed(self, start: int, end: int) -> bool:
        """Tell whether one of the listed changes stands within [start, end), or at its end."""
        return any(
            change.start < end and change.end > start
            if change.start < change.end
            else start <= change.start <= end
            for change in self.changes
        )


def counted(counts: dict[Part, int]) -> tuple[Count, ...]:
    """Return the parts that occur, in their order."""
    return tuple(
        Count(part=part, count=count) for part, count in counts.items() if count
    )
