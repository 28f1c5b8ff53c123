"""What a PDF holds beside the text of its pages: counted, never read."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from interlock.tools.documents.inventory import Inventory, Part, counted

#: Annotations that say nothing of their own
_SILENT: Final = frozenset({"/Link", "/Popup"})
_DEEPEST: Final = 32  # steps up from a form field to the one that has its value


def inventory(reader: PdfReader, texts: Sequence[str]) -> Inventory:
    """Return what is beside *texts*, the texts of the pages.

    What cannot be counted is listed as an unlisted object: nothing is left out in silence.
    """
    left_out: Counter[Part] = Counter()
    left_out["page without text"] = sum(not text.strip() for text in texts)
    try:
        left_out.update(_beside(reader, len(texts)))
    except (PyPdfError, LookupError, TypeError, ValueError, AttributeError):
        left_out["unlisted object"] += 1
    return Inventory(left_out=counted(left_out))


def _beside(reader: PdfReader, pages: int) -> Iterator[Part]:
    for number in range(pages):
        page: Any = reader.pages[number]
        for reference in _list(page, "/Annots"):
            part = _annotation(reference.get_object())
            if part is not None:
                yield part
        resources = _get(page, "/Resources")
        objects = _get(resources, "/XObject") if resources else None
        for name in objects or ():
            if _get(_get(objects, name), "/Subtype") == "/Image":
                yield "picture"
    names = _get(reader.root_object, "/Names")
    if names and "/EmbeddedFiles" in names:
        for _ in reader.attachments:
            yield "attachment"


def _annotation(annotation: Any) -> Part | None:
    kind = _get(annotation, "/Subtype")
    if kind in _SILENT:
        return None
    if kind == "/FileAttachment":
        return "attachment"
    if kind != "/Widget":
        return "annotation"
    field = annotation
    for _ in range(_DEEPEST):
        if _get(field, "/V") not in {None, "", "/Off"}:
            return "form field"
        field = _get(field, "/Parent")
        if field is None:
            break
    return None


def _list(holder: Any, key: str) -> Any:
    return _get(holder, key) or ()


def _get(holder: Any, key: str) -> Any:
    """Return what stands under *key*, itself and not a reference to it; None when nothing does."""
    if holder is None or key not in holder:
        return None
    return (
        holder[key].get_object() if hasattr(holder[key], "get_object") else holder[key]
    )
