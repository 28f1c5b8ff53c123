"""DOCX: the text of the body, one line per paragraph, and after it what stands beside the body."""

import io
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from interlock.tools.documents.archive import entries
from interlock.tools.documents.document import Limits, Parsed
from interlock.tools.documents.errors import Refusal
from interlock.tools.documents.inventory import (
    Count,
    Inventory,
    Part,
    Redline,
    Stretch,
    counted,
)
from interlock.tools.documents.transcript import COMMENT, NOTES, Transcript
from interlock.tools.documents.visibility import Visibility

_CONTENT_TYPES: Final = "[Content_Types].xml"
_MAIN: Final = b"wordprocessingml.document.main+xml"
#: The end of a relationship's type, and what the part behind the relationship holds
_BESIDE: Final[dict[str, Part]] = {
    "header": "header",
    "footer": "footer",
    "footnotes": "footnote",
    "endnotes": "endnote",
}
_COMMENTS: Final = "comments"


def parse(data: bytes, limits: Limits, redline: Redline = "accepted") -> Parsed:
    r"""Return one line per paragraph of the body, in document order, and the inventory of the rest.

    Table cells and text boxes are included: a text box follows the paragraph it is anchored in.
    After the body stand the headers and footers, each wording once, the footnotes and the endnotes.
    A tracked change is read as accepted or as rejected, by `redline`, and listed. A text that no
    reader sees (hidden, tiny, as its ground) is left out, and listed. A tab is `\t`, a
    line break `\n`. Comments, pictures, diagrams, embedded objects and automatic numbers are
    counted, not read. Refusals: those of `entries`; `unsupported` (macros, another kind of archive,
    content kept in another document), `limit`, `no_text`.
    """
    _check_kind(entries(data, limits))
    document = docx.Document(io.BytesIO(data))
    transcript = Transcript(
        limit=limits.max_chars,
        redline=redline,
        looks=_looks(document),
    )
    transcript.body(document.element.body)
    beside = _beside(document)
    stretches = _stretches(transcript, beside)
    if not transcript.text.strip():
        raise Refusal("no_text", "it holds no text")
    read: dict[Part, int] = {"text box": transcript.boxes}
    read |= Counter(stretch.part for stretch in stretches)
    inventory = Inventory(
        read=counted(read),
        left_out=_left_out(transcript, beside),
        paragraphs=tuple(transcript.paragraphs),
        stretches=tuple(stretches),
        changes=tuple(transcript.changes.listed),
        changed=transcript.changes.count,
        redline=redline,
        hidden=transcript.hidden,
    )
    return Parsed(
        text=transcript.text,
        pages=(0,),
        inventory=inventory,
    )


def _left_out(
    transcript: Transcript, beside: list[tuple[Part, Any]]
) -> tuple[Count, ...]:
    comments = sum(1 for part, root in beside if part == "comment" for _ in root)
    return counted({"comment": comments, **transcript.left_out})


def _looks(document: Any) -> Visibility:
    background = document.element.find(qn("w:background"))
    is_shown = document.settings.element.find(qn("w:displayBackgroundShape"))
    page = None
    if background is not None and is_shown is not None:
        page = background.get(qn("w:color"))
    return Visibility(document.styles.element, page)


def _beside(document: Any) -> list[tuple[Part, Any]]:
    """Return the roots of the parts beside the body, headers first, in the order of their names."""
    roots: list[tuple[int, str, Part, Any]] = []
    for relationship in document.part.rels.values():
        kind = relationship.reltype.rpartition("/")[2]
        part = _BESIDE.get(kind) or ("comment" if kind == _COMMENTS else None)
        if part is None or relationship.is_external:
            continue
        target = relationship.target_part
        root = parse_xml(target.blob)
        order = list(_BESIDE).index(kind) if kind in _BESIDE else len(_BESIDE)
        roots.append((order, str(target.partname), part, root))
    roots.sort(key=lambda root: root[:2])
    return [(part, root) for _, _, part, root in roots]


def _stretches(transcript: Transcript, beside: list[tuple[Part, Any]]) -> list[Stretch]:
    """Write what stands beside the body; a wording that several headers share is written once."""
    stretches: list[Stretch] = []
    numbers: Counter[Part] = Counter()
    wordings: set[tuple[Part, str, bool]] = set()
    for part, root in beside:
        for element in _texts(part, root):
            wording = "".join(element.itertext()).strip()
            key = (part, wording, transcript.hides(element))
            is_repeated = part in {"header", "footer"} and key in wordings
            if not wording or is_repeated:
                continue
            wordings.add(key)
            start = transcript.beside(element)
            if start is None:
                continue
            numbers[part] += 1
            stretch = Stretch(
                part=part,
                number=numbers[part],
                start=start,
            )
            stretches.append(stretch)
    return stretches


def _texts(part: Part, root: Any) -> Iterator[Any]:
    """Yield the elements of one part that hold text of their own."""
    if part in {"header", "footer"}:
        yield root
    elif part != COMMENT:
        for note in root:
            if note.tag in NOTES and NOTES[note.tag] not in note.attrib:
                yield note


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
