"""DOCX: the text of the body, one line per paragraph, in document order."""

import io
from collections.abc import Iterator
from typing import Any, Final

import docx

from interlock.tools.documents.archive import entries
from interlock.tools.documents.document import Limits, Parsed
from interlock.tools.documents.errors import Refusal
from interlock.tools.documents.text import with_newlines

# An lxml element. lxml ships no types.
_Element = Any

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

_CONTENT_TYPES: Final = "[Content_Types].xml"
_MAIN: Final = b"wordprocessingml.document.main+xml"

_PARAGRAPH: Final = _W + "p"
_TEXT_BOX: Final = _W + "txbxContent"
_TEXT: Final = (_W + "t", _M + "t")
_MARKS: Final = {
    _W + "tab": "\t",
    _W + "ptab": "\t",
    _W + "br": "\n",
    _W + "cr": "\n",
    _W + "noBreakHyphen": "-",
}
# Properties and fallbacks hold no text of their own; deleted and moved-away text is no longer in
# the document.
_SKIPPED: Final = frozenset(
    {_MC + "Fallback", _W + "del", _W + "moveFrom", _W + "rt"}
    | {
        _W + name for name in ("pPr", "rPr", "sdtPr", "tblPr", "tcPr", "trPr", "sectPr")
    },
)
_ELSEWHERE: Final = (_W + "altChunk", _W + "subDoc")


def parse(data: bytes, limits: Limits) -> Parsed:
    r"""Return one line per paragraph of the body, in document order.

    Table cells and text boxes are included.

    A text box follows the paragraph it is anchored in. Tracked insertions are in, deletions are
    out; a tab is `\t`, a line break `\n`. Headers, footers, footnotes and comments are not part of
    the body. Refusals: those of `entries`; `unsupported` (macros, another kind of archive, content
    kept in another document), `limit`, `no_text`.
    """
    _check_kind(entries(data, limits))
    body = docx.Document(io.BytesIO(data)).element.body
    text = with_newlines("\n".join(_paragraphs(body)))
    if len(text) > limits.max_chars:
        raise Refusal("limit", f"{len(text)} characters, {limits.max_chars} allowed")
    if not text.strip():
        raise Refusal("no_text", "its body holds no text")
    return Parsed(text=text, pages=(0,))


def _check_kind(parts: dict[str, bytes]) -> None:
    types = parts.get(_CONTENT_TYPES, b"")
    if b"macroEnabled" in types or any("vbaproject" in name.lower() for name in parts):
        raise Refusal("unsupported", "it holds macros")
    if b"purl.oclc.org/ooxml" in parts.get("_rels/.rels", b""):
        raise Refusal("unsupported", "it is a Strict Open XML document")
    if _MAIN not in types:
        raise Refusal("unsupported", f"it looks like {_guess(parts, types)}")


def _guess(parts: dict[str, bytes], types: bytes) -> str:
    if b"wordprocessingml.template" in types:
        return "a Word template"
    if b"spreadsheetml" in types:
        return "an Excel workbook"
    if b"presentationml" in types:
        return "a PowerPoint presentation"
    if "META-INF/manifest.xml" in parts:
        return "an OpenDocument file"
    return "a ZIP archive that is not a DOCX"


def _paragraphs(container: _Element) -> Iterator[str]:
    for child in container:
        if child.tag == _PARAGRAPH:
            yield from _paragraph(child)
        elif child.tag in _ELSEWHERE:
            raise Refusal(
                "unsupported",
                "part of its text is kept in another document inserted into it",
            )
        elif child.tag not in _SKIPPED:
            yield from _paragraphs(child)


def _paragraph(paragraph: _Element) -> Iterator[str]:
    boxes: list[_Element] = []
    yield "".join(_inline(paragraph, boxes))
    for box in boxes:
        yield from _paragraphs(box)


def _inline(element: _Element, boxes: list[_Element]) -> Iterator[str]:
    for child in element:
        if child.tag in _TEXT:
            yield child.text or ""
        elif child.tag in _MARKS:
            yield _MARKS[child.tag]
        elif child.tag == _TEXT_BOX:
            boxes.append(child)
        elif child.tag in _ELSEWHERE:
            raise Refusal(
                "unsupported",
                "part of its text is kept in another document inserted into it",
            )
        elif child.tag not in _SKIPPED:
            yield from _inline(child, boxes)
