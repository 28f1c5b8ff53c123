"""DOCX: what stands beside the body is read, or counted as left out; tracked changes are listed."""

import io
import zipfile
from pathlib import Path

import docx
import pytest

from interlock.tools.documents import DocumentReader, Limits
from interlock.tools.documents.docx import parse
from interlock.tools.documents.inventory import MOST_CHANGES, Count, Redline

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MORE = (
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:v="urn:schemas-microsoft-com:vml" '
    'xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "word/document.xml"
EDITED = (
    "<w:p><w:r><w:t>Liability is </w:t></w:r>"
    '<w:del w:author="Opposing Counsel"><w:r><w:delText>capped</w:delText></w:r></w:del>'
    '<w:ins w:author="Opposing Counsel"><w:r><w:t>unlimited</w:t></w:r></w:ins>'
    "<w:r><w:t>.</w:t></w:r></w:p>"
)


def packed(body: str, beside: dict[str, str] | None = None, header: str = "") -> bytes:
    """Return a DOCX of that body, with a header, and with parts beside it by kind."""
    plain = docx.Document()
    if header:
        plain.sections[0].header.paragraphs[0].text = header
    out = io.BytesIO()
    plain.save(out)
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    main = f"<w:document {W} {MORE}><w:body>{body}</w:body></w:document>"
    parts[MAIN] = main.encode()
    relations = parts["word/_rels/document.xml.rels"].decode()
    for number, (kind, xml) in enumerate((beside or {}).items()):
        parts[f"word/{kind}.xml"] = f"<w:{kind} {W}>{xml}</w:{kind}>".encode()
        relation = f'<Relationship Id="x{number}" Type="{RELATION}/{kind}" Target="{kind}.xml"/>'
        relations = relations.replace("</Relationships>", relation + "</Relationships>")
    parts["word/_rels/document.xml.rels"] = relations.encode()
    packed_again = io.BytesIO()
    with zipfile.ZipFile(packed_again, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed_again.getvalue()


def paragraph(text: str) -> str:
    """Return a paragraph of that text."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def note(kind: str, text: str, attributes: str = "") -> str:
    """Return a footnote, an endnote or a comment of that text."""
    return f"<w:{kind} {attributes}>{paragraph(text)}</w:{kind}>"


async def test_what_stands_beside_the_body_is_read(tmp_path: Path) -> None:
    """A header, the footnotes and the endnotes follow the body, and a place in them is named; a
    separator line is no footnote.
    """
    path = tmp_path / "a.docx"
    beside = {
        "footnotes": note("footnote", "line", 'w:type="separator"')
        + note("footnote", "Governed by Irish law.")
        + note("footnote", "Second."),
        "endnotes": note("endnote", "At the end."),
    }
    path.write_bytes(packed(paragraph("Body."), beside, header="Draft of ours"))
    document = await DocumentReader().read(path)
    places = {
        word: document.place_at(document.text.index(word))
        for word in ("Body", "Draft", "Governed", "Second", "At the end")
    }

    assert document.text == (
        "Body.\nDraft of ours\nGoverned by Irish law.\nSecond.\nAt the end."
    )
    assert list(places.values()) == [
        "par. 1",
        "header 1",
        "footnote 1",
        "footnote 2",
        "endnote 1",
    ]
    assert document.inventory.read == (
        Count(part="header", count=1),
        Count(part="footnote", count=2),
        Count(part="endnote", count=1),
    )


def test_what_is_left_out_is_counted() -> None:
    """Comments, pictures, charts, embedded objects and automatic numbers are named with their
    number, and none of their text is in the document.
    """
    body = (
        "<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>Body.</w:t></w:r></w:p>"
        "<w:p><w:r><w:drawing><pic:pic/></w:drawing><w:pict><v:imagedata/></w:pict>"
        "<w:object><o:OLEObject/></w:object><w:drawing><c:chart/></w:drawing></w:r></w:p>"
        "<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><pic:pic/></w:drawing></mc:Choice>"
        "<mc:Fallback><w:pict><v:imagedata/></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    comments = note("comment", "Ask them.") + note("comment", "No.")
    parsed = parse(packed(body, {"comments": comments}), Limits())

    assert parsed.text == "Body.\n\n"
    assert {count.part: count.count for count in parsed.inventory.left_out} == {
        "comment": 2,
        "automatic number": 1,
        "picture": 3,
        "embedded object": 1,
        "diagram": 1,
    }


def test_a_wording_that_headers_share_is_read_once() -> None:
    """The same header of two sections stands in the text once."""
    document = docx.Document()
    document.add_paragraph("Body.")
    document.sections[0].header.paragraphs[0].text = "Draft"
    document.add_section().header.is_linked_to_previous = False
    document.sections[1].header.paragraphs[0].text = "Draft"
    out = io.BytesIO()
    document.save(out)
    parsed = parse(out.getvalue(), Limits())

    assert parsed.text.count("Draft") == 1
    assert parsed.inventory.read == (Count(part="header", count=1),)


@pytest.mark.parametrize(
    ("redline", "text", "places"),
    [
        ("accepted", "Liability is unlimited.", [(13, 13), (13, 22)]),
        ("rejected", "Liability is capped.", [(13, 19), (19, 19)]),
    ],
)
def test_a_tracked_change_is_read_as_asked_and_listed(
    redline: Redline, text: str, places: list[tuple[int, int]]
) -> None:
    """The text is that of all changes accepted or rejected, and each change is listed with its
    author, its words and its place, whichever text is read.
    """
    parsed = parse(packed(EDITED), Limits(), redline)
    inventory = parsed.inventory
    changes = [
        (change.kind, change.author, change.excerpt, (change.start, change.end))
        for change in inventory.changes
    ]

    assert parsed.text == text
    assert changes == [
        ("deleted", "Opposing Counsel", "capped", places[0]),
        ("inserted", "Opposing Counsel", "unlimited", places[1]),
    ]
    assert (inventory.changed, inventory.redline) == (2, redline)


async def test_a_document_is_read_as_asked(tmp_path: Path) -> None:
    """The reader's answer has the text and the changes that the confined parser found."""
    path = tmp_path / "a.docx"
    path.write_bytes(packed(EDITED))
    accepted = await DocumentReader().read(path)
    rejected = await DocumentReader().read(path, redline="rejected")

    assert accepted.text == "Liability is unlimited."
    assert rejected.text == "Liability is capped."
    assert accepted.inventory.is_changed(0, len(accepted.text))
    assert not accepted.inventory.is_changed(0, 5)
    assert accepted.digest == rejected.digest


def test_a_whole_paragraph_may_be_a_change() -> None:
    """An inserted table cell and a moved paragraph are changes as words are."""
    moved = (
        f'<w:moveFrom w:author="A">{paragraph("Moved.")}</w:moveFrom>{paragraph("Stays.")}'
        f'<w:moveTo w:author="A">{paragraph("Moved.")}</w:moveTo>'
    )

    assert parse(packed(moved), Limits()).text == "Stays.\nMoved."
    assert parse(packed(moved), Limits(), "rejected").text == "Moved.\nStays."


def test_more_changes_than_are_listed_are_counted() -> None:
    """Of very many changes the first are listed, and all are counted."""
    inventory = parse(packed(EDITED * (MOST_CHANGES // 2 + 10)), Limits()).inventory

    assert len(inventory.changes) == MOST_CHANGES
    assert inventory.changed == MOST_CHANGES + 20


async def test_a_place_in_a_docx_is_a_paragraph(tmp_path: Path) -> None:
    """A DOCX has no pages to name: its paragraphs count, blank ones not, and a broken line begins
    none.
    """
    path = tmp_path / "a.docx"
    broken = "<w:p><w:r><w:t>One</w:t><w:br/><w:t>still one</w:t></w:r></w:p>"
    path.write_bytes(packed(broken + "<w:p/>" + paragraph("Two")))
    document = await DocumentReader().read(path)
    found = [
        document.place_at(document.text.index(word)) for word in ("One", "still", "Two")
    ]

    assert found == ["par. 1", "par. 1", "par. 2"]
