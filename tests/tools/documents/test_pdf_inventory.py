"""PDF: what stands beside the text of the pages is counted, and hurts nothing when it is broken."""

import io
from collections.abc import Callable

from pypdf import PdfReader, PdfWriter
from pypdf.annotations import FreeText, Link
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from interlock.tools.documents import Limits
from interlock.tools.documents.document import Parsed
from interlock.tools.documents.inventory import Count
from interlock.tools.documents.pdf import parse

MakePdf = Callable[..., bytes]
BOX = (0, 0, 10, 10)


def saved(writer: PdfWriter) -> Parsed:
    """Return what the parser makes of the PDF."""
    out = io.BytesIO()
    writer.write(out)
    return parse(out.getvalue(), Limits())


def written(data: bytes) -> PdfWriter:
    """Return a writer of the PDF *data*, to add to it."""
    return PdfWriter(clone_from=PdfReader(io.BytesIO(data)))


def test_what_is_left_out_of_a_pdf_is_counted(
    make_pdf: MakePdf, show: Callable[..., bytes]
) -> None:
    """Annotations, filled form fields, attachments, pictures and pages without text are named with
    their number; a link, and a field without a value, says nothing of its own.
    """
    writer = written(make_pdf([show("An agreement."), b""]))
    writer.add_annotation(0, FreeText(text="changed our mind", rect=BOX))
    writer.add_annotation(0, Link(rect=BOX, url="http://example.com"))
    writer.add_attachment("annex.txt", b"Another agreement.")
    picture = StreamObject()
    picture[NameObject("/Subtype")] = NameObject("/Image")
    objects = DictionaryObject({NameObject("/Im1"): writer._add_object(picture)})  # noqa: SLF001 - the library has no other way in
    writer.pages[1]["/Resources"][NameObject("/XObject")] = objects  # type: ignore[index]  # a dictionary
    fields = []
    for value in ("30 days", ""):
        field = DictionaryObject(
            {
                NameObject("/Subtype"): NameObject("/Widget"),
                NameObject("/V"): TextStringObject(value),
            }
        )
        fields.append(writer._add_object(field))  # noqa: SLF001 - as above
    annotations = writer.pages[0]["/Annots"]
    assert isinstance(annotations, ArrayObject)
    annotations.extend(fields)
    parsed = saved(writer)

    assert parsed.text.startswith("An agreement.")
    assert {count.part: count.count for count in parsed.inventory.left_out} == {
        "page without text": 1,
        "annotation": 1,
        "form field": 1,
        "picture": 1,
        "attachment": 1,
    }


def test_a_plain_pdf_leaves_nothing_out(
    make_pdf: MakePdf, show: Callable[..., bytes]
) -> None:
    """Where there is nothing beside the text, nothing is named."""
    assert parse(make_pdf([show("An agreement.")]), Limits()).inventory.left_out == ()


def test_what_cannot_be_counted_is_named_and_the_text_is_read(
    make_pdf: MakePdf, show: Callable[..., bytes]
) -> None:
    """A broken list of annotations costs no page of text, and is not passed over in silence."""
    writer = written(make_pdf([show("An agreement.")]))
    writer.pages[0][NameObject("/Annots")] = NumberObject(7)
    parsed = saved(writer)

    assert parsed.text.startswith("An agreement.")
    assert parsed.inventory.left_out == (Count(part="unlisted object", count=1),)
