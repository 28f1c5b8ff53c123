"""Where a value comes from: word for word from the request, or from the document that was read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from interlock.runtime.canonical import Json
from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.errors import BadInput
from interlock.serving.home import Home
from interlock.tools.documents.document import Document

#: Characters below which the same words may stand in two places by chance
SHORTEST: Final = 25
MOST: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One place in which words of an argument stand exactly so."""

    words: str
    place: str
    #: The page with the words marked; empty for the request
    link: str


async def sources(
    home: Home, run: Mapping[str, Any], values: Mapping[str, Json]
) -> dict[str, list[Source]]:
    """Return by argument where its words stand, as far as that is certain.

    What stands nowhere has no source: the agent wrote it. An erased run has none.
    """
    run_id = run["run_id"]
    try:
        request = (await home.runs.read(run_id)).request
        digest = run["document"].get("digest")
        document = None
        if digest:
            document = (await home.library.reading(digest, run_id=run_id)).document
    except (BadInput, ToolFailed):
        return {}
    asked = frozenset(_leaves(request))
    return {
        name: list(_of(value, asked, document, run_id))[:MOST]
        for name, value in values.items()
    }


def _of(
    value: Json, asked: frozenset[str], document: Document | None, run_id: str
) -> Iterator[Source]:
    for text in _leaves(value):
        if text in asked:
            yield Source(
                words=text,
                place="what was asked for",
                link="",
            )
        elif document is not None:
            yield from _quoted(text, document, run_id)


def _quoted(text: str, document: Document, run_id: str) -> Iterator[Source]:
    for line in map(str.strip, text.splitlines()):
        start = document.text.find(line) if len(line) >= SHORTEST else -1
        if start < 0:
            continue
        end = start + len(line)
        page = document.page_at(start)
        yield Source(
            words=line,
            place=f"{document.name}, {document.place_at(start)}",
            link=(
                f"/runs/{run_id}/documents/{document.digest}/pages/{page}"
                f"?start={start}&end={end}"
            ),
        )


def _leaves(value: Any) -> Iterator[str]:
    """Yield every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
