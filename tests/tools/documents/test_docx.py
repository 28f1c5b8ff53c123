"""DOCX: the body in document order, and no container that could do harm."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest

from interlock.tools.documents import DocumentError, DocumentReader, Limits
from interlock.tools.documents.docx import parse
from interlock.tools.documents.errors import Refusal

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
MAIN = "word/document.xml"
BOXED = (
    "<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>box</w:t></w:r>"
    "</w:p></w:txbxContent>"
    "</mc:Choice><mc:Fallback><w:p><w:r><w:t>box</w:t></w:r></w:p></mc:Fallback>"
    "</mc:AlternateContent>"
    "<w:t>anchor</w:t></w:r></w:p>"
)
BOMB = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    b'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'
)

Change = Callable[[dict[str, bytes]], None]


def packed(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP archive of `parts`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return out.getvalue()


def parts_of(document: docx.document.Document) -> dict[str, bytes]:
    """Return the archive entries of `document`."""
    out = io.BytesIO()
    document.save(out)
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def with_body(xml: str) -> bytes:
    """Return a DOCX whose body is `xml`."""
    parts = parts_of(docx.Document())
    parts[MAIN] = f"<w:document {W} {MC}><w:body>{xml}</w:body></w:document>".encode()
    return packed(parts)


async def refusal(
    tmp_path: Path, data: bytes, limits: Limits | None = None
) -> DocumentError:
    """Return why the reader refuses `data`."""
    path = tmp_path / "contract.docx"
    path.write_bytes(data)
    with pytest.raises(DocumentError) as caught:
        await DocumentReader(limits=limits or Limits()).read(path)
    return caught.value


async def text_of(tmp_path: Path, data: bytes) -> str:
    """Return the text the reader finds in `data`."""
    path = tmp_path / "contract.docx"
    path.write_bytes(data)
    document = await DocumentReader().read(path)
    assert (document.kind, document.pages) == ("docx", (0,))
    return document.text


async def test_paragraphs_and_cells_come_in_document_order(tmp_path: Path) -> None:
    """Each paragraph is a line, inside or outside a table, and nested tables stay in their cell."""
    document = docx.Document()
    document.add_heading("Lease", 1)
    table = document.add_table(1, 2)
    table.cell(0, 0).text = "left"
    table.cell(0, 1).text = "right"
    table.cell(0, 1).add_table(1, 1).cell(0, 0).text = "inner"
    document.add_paragraph("tab\there\nbroken line")
    assert (
        await text_of(tmp_path, packed(parts_of(document)))
        == "Lease\nleft\nright\ninner\n\ntab\there\nbroken line"
    )


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<w:p><w:ins><w:r><w:t>new</w:t></w:r></w:ins></w:p>", "new"),
        (
            "<w:p><w:del><w:r><w:delText>old</w:delText></w:r></w:del><w:r><w:t>kept</w:t></w:r></w:p>",
            "kept",
        ),
        (
            "<w:sdt><w:sdtContent><w:p><w:r><w:t>held</w:t></w:r></w:p></w:sdtContent></w:sdt>",
            "held",
        ),
        (
            "<w:p><w:sdt><w:sdtContent><w:r><w:t>field</w:t></w:r></w:sdtContent></w:sdt></w:p>",
            "field",
        ),
        (
            "<w:p><w:moveFrom><w:r><w:t>gone</w:t></w:r></w:moveFrom><w:r><w:t>stays</w:t></w:r></w:p>",
            "stays",
        ),
        (
            "<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t></w:r></w:p>",
            "a\tb",
        ),
        (
            "<w:p><w:r><w:instrText>PAGE</w:instrText><w:noBreakHyphen/><w:t>x</w:t></w:r></w:p>",
            "-x",
        ),
        (BOXED, "anchor\nbox"),
    ],
)
def test_text_that_a_reader_sees_is_text(xml: str, text: str) -> None:
    """Insertions, content controls and text boxes are text once; deletions, moves and field codes
    are not.
    """
    assert parse(with_body(xml), Limits()).text == text


async def test_a_part_in_another_encoding_is_read(tmp_path: Path) -> None:
    """An encoding other than the two that the standard names does not need what the child
    gave up.
    """
    parts = parts_of(docx.Document())
    body = (
        f"<w:document {W}><w:body><w:p><w:r><w:t>caf\xe9 "
        f"\u2013</w:t></w:r></w:p></w:body></w:document>"
    )
    parts[MAIN] = b"<?xml version='1.0' encoding='windows-1252'?>" + body.encode(
        "cp1252"
    )
    assert await text_of(tmp_path, packed(parts)) == "caf\xe9 \u2013"


@pytest.mark.parametrize(
    ("name", "looks"),
    [("xl/workbook.xml", "ZIP archive"), ("META-INF/manifest.xml", "OpenDocument")],
)
async def test_another_archive_is_unsupported(
    tmp_path: Path, name: str, looks: str
) -> None:
    """A ZIP that is not a DOCX is named for what it looks like."""
    error = await refusal(tmp_path, packed({name: b"<x/>"}))
    assert error.code == "unsupported"
    assert looks in error.detail


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("unsupported", lambda parts: parts.update({"word/vbaProject.bin": b"macro"})),
        ("malformed", lambda parts: parts.update({"../evil.xml": b"<x/>"})),
        ("malformed", lambda parts: parts.update({"/etc/evil.xml": b"<x/>"})),
        ("malformed", lambda parts: parts.update({"word\\..\\evil.xml": b"<x/>"})),
        ("malformed", lambda parts: parts.update({"WORD/document.xml": b"<x/>"})),
        ("malformed", lambda parts: parts.update({MAIN: BOMB})),
        ("malformed", lambda parts: parts.update({"word/media/part.bin": BOMB})),
        (
            "malformed",
            lambda parts: parts.update(
                {"word/utf16.xml": BOMB.decode().encode("utf-16")}
            ),
        ),
        (
            "malformed",
            lambda parts: parts.update(
                {MAIN: b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'}
            ),
        ),
        ("malformed", lambda parts: parts.update({MAIN: b"<w:document"})),
        ("no_text", lambda parts: parts.update(parts_of(docx.Document()))),
        (
            "archive_bomb",
            lambda parts: parts.update({"word/media/a.bin": bytes(10_000_000)}),
        ),
        (
            "archive_bomb",
            lambda parts: parts.update(
                {f"word/{number}.bin": b"" for number in range(2001)}
            ),
        ),
    ],
)
def test_a_container_with_something_wrong_is_refused(code: str, change: Change) -> None:
    """Macros, names that lead out, entities, damage, a ratio over 100 and too many entries give no
    document.
    """
    document = docx.Document()
    document.add_paragraph("text")
    parts = parts_of(document)
    change(parts)
    with pytest.raises(Refusal) as caught:
        parse(packed(parts), Limits())
    assert caught.value.code == code


async def test_an_archive_is_bounded_in_total(tmp_path: Path) -> None:
    """Entries that keep the ratio one by one still may not add up beyond the total."""
    parts = {f"{number}.bin": bytes(60_000) for number in range(20)}
    assert (
        await refusal(tmp_path, packed(parts), Limits(zip_total=1_000_000))
    ).code == "archive_bomb"


async def test_a_lie_about_the_size_is_found(tmp_path: Path) -> None:
    """An entry that expands to more than it declares is damaged, whatever its directory says."""
    data = packed({"word/a.bin": bytes(1_000_000)})
    lying = data.replace(
        (1_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    )
    assert (await refusal(tmp_path, lying)).code == "malformed"


async def test_a_docx_without_its_main_part_is_malformed(tmp_path: Path) -> None:
    """What only python-docx finds wrong, by whatever exception, is refused in the same words."""
    parts = parts_of(docx.Document())
    del parts[MAIN]
    assert (await refusal(tmp_path, packed(parts))).code == "malformed"


async def test_a_zip_bomb_is_a_bomb(tmp_path: Path) -> None:
    """An entry of 10 KB that expands to 10 MB is refused before it expands."""
    assert (
        await refusal(tmp_path, packed({"word/media/a.bin": bytes(10_000_000)}))
    ).code == "archive_bomb"


@pytest.mark.parametrize("keep", [0.5, 0.95])
async def test_a_truncated_docx_is_malformed(tmp_path: Path, keep: float) -> None:
    """A DOCX cut off anywhere gives no document."""
    data = packed(parts_of(docx.Document()))
    assert (await refusal(tmp_path, data[: int(len(data) * keep)])).code == "malformed"


async def test_text_kept_in_another_document_is_not_left_out(tmp_path: Path) -> None:
    """A document that imports another one is refused, since its text would have a hole."""
    error = await refusal(
        tmp_path, with_body("<w:p><w:r><w:t>a</w:t></w:r></w:p><w:altChunk/>")
    )
    assert error.code == "unsupported"
