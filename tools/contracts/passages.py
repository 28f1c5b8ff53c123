"""Passages: stretches of a document, as a search shows them and an answer cites them."""

import re
from collections.abc import Iterator
from typing import Final

from interlock.runtime.door.tool import Value
from interlock.runtime.policy.label import Label
from interlock.tools.contracts.clauses.segmentation import Unit, units
from interlock.tools.contracts.sections import sections
from interlock.tools.documents import Document

#: Characters of a passage that is made of several sentences
LONGEST: Final = 700
_WORD: Final = re.compile(r"[^\W_]+")


class Passage(Value):
    """A span of a document, [start, end) in code points, and where a reader finds the span."""

    document: str
    #: The name of the file
    name: str
    start: int
    end: int
    text: str
    #: From 1; 0 where the format has no pages
    page: int
    place: str
    #: The number of its section; empty where none is known
    section: str


def passage(document: Document, start: int, end: int) -> Passage:
    """Return the span of the document; raises ValueError for one that does not lie in its text."""
    return Passage(
        document=document.digest,
        name=document.name,
        start=start,
        end=end,
        text=document.text[start:end],
        page=document.page_at(start) if document.kind == "pdf" else 0,
        place=document.place_at(start),
        section=sections(document.text).at(start),
    )


def stretches(text: str) -> Iterator[Unit]:
    """Yield the text in stretches of whole sentences, none longer than needed.

    A stretch ends before a sentence that would make it longer than `LONGEST`, and where the text
    has a blank line.
    """
    start = 0
    end = 0
    for unit in units(text):
        is_apart = "\n\n" in text[end : unit.start] or unit.end - start > LONGEST
        if end and is_apart:
            yield Unit(start=start, end=end)
        if is_apart or not end:
            start = unit.start
        end = unit.end
    if end:
        yield Unit(start=start, end=end)


def words(text: str) -> list[str]:
    """Return the words of a text, each without the usual endings, so that forms of a word meet."""
    return [_stem(word) for word in _WORD.findall(text.lower())]


def label(*digests: str) -> Label:
    """Return the label of what stands in documents."""
    return Label(
        integrity="untrusted",
        confidentiality="confidential",
        sources=tuple(sorted(f"document:{digest}" for digest in digests)),
    )


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 3:
            word = word.removesuffix(ending)
            break
    return word.removesuffix("e") if len(word) > len("fee") else word
