"""The values of the package: a document, the limits it is read under, and what a parser returns."""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final, Literal

from interlock.tools.documents.inventory import Inventory, Stretch
from interlock.tools.sandbox import limits as sandbox

Kind = Literal["txt", "pdf", "docx"]

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    r"""The exact text of one file, and where each of its pages starts.

    Offsets count Unicode code points of `text`. Newlines are `\n`; no Unicode normalisation is
    applied. The pages of a PDF are joined by `interlock.tools.documents.pdf.PAGE_BREAK`, and a page
    without extractable text (a scanned page among typed ones) is an empty span, so a caller that
    needs every page compares neighbouring starts.
    """

    digest: str
    """`sha256:<hex>` of the file's bytes."""
    name: str
    """Base name of the file for display; unprintable characters are U+FFFD."""
    kind: Kind
    text: str
    pages: tuple[int, ...]
    """Start offset of each page, ascending from 0; formats without fixed pages have one."""
    inventory: Inventory = field(default_factory=Inventory)

    def place_at(self, offset: int) -> str:
        """Return where a reader finds `offset`.

        That is a page where the format has pages, and else a paragraph (DOCX) or a line (text),
        counted from 1; blank ones do not count. What is no running text is named: a footnote, a
        header. An offset outside the text is a `ValueError`.
        """
        page = self.page_at(offset)
        if self.kind == "pdf":
            return f"p. {page}"
        stretches = self.inventory.stretches
        within = bisect_right(stretches, offset, key=_start)
        if within:
            stretch = stretches[within - 1]
            return f"{stretch.part} {stretch.number}"
        if self.kind == "docx":
            return f"par. {bisect_right(self.inventory.paragraphs, offset)}"
        lines = self.text[:offset].split("\n")[:-1]
        return f"line {1 + sum(bool(line.strip()) for line in lines)}"

    def page_at(self, offset: int) -> int:
        """Return the 1-based page that holds `offset`; a page break belongs to the page before it.

        `len(text)` is accepted, since a span may end there. Any other offset outside the text is a
        `ValueError`.
        """
        if not 0 <= offset <= len(self.text):
            raise ValueError(
                f"offset {offset} is outside the text of {self.name!r} (0 to {len(self.text)})"
            )
        return bisect_right(self.pages, offset)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits(sandbox.Limits):
    """How much one read and its child process may cost.

    Whatever exceeds a limit is refused, never cut short.
    """

    max_bytes: int = 25 * _MIB
    max_chars: int = 5_000_000
    max_pages: int = 2_000
    zip_ratio: int = 100
    """Expanded size over compressed size, for each archive entry that expands beyond 64 KiB."""
    zip_total: int = 50 * _MIB
    """Expanded bytes of a whole archive, and of each compressed stream of a PDF."""
    zip_entries: int = 2_000


def printable(text: str) -> str:
    """Return `text` as one line for people: each unprintable character is U+FFFD.

    Characters that change the direction of the text count as unprintable.
    """
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _start(stretch: Stretch) -> int:
    return stretch.start


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """What a parser returns: the text, page starts and inventory of a `Document`."""

    text: str
    pages: tuple[int, ...]
    inventory: Inventory = field(default_factory=Inventory)
