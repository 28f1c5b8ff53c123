"""PDF: exact pages, and no document out of a damaged, locked or hostile one."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter

from interlock.tools.documents import Document, DocumentError, DocumentReader, Limits
from interlock.tools.documents.pdf import PAGE_BREAK

MakePdf = Callable[..., bytes]
Show = Callable[..., bytes]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the PDF of a test is written."""
    return tmp_path / "contract.pdf"


async def refusal(
    path: Path, data: bytes, limits: Limits | None = None
) -> DocumentError:
    """Return why the reader refuses `data`."""
    path.write_bytes(data)
    with pytest.raises(DocumentError) as caught:
        await DocumentReader(limits=limits or Limits()).read(path)
    return caught.value


def locked(data: bytes, *, user: str, algorithm: str = "AES-256") -> bytes:
    """Return `data` encrypted under a user password."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(user, "owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def page_texts(document: Document) -> list[str]:
    """Return the text between each page start and the page break before the next."""
    ends = [
        *(start - len(PAGE_BREAK) for start in document.pages[1:]),
        len(document.text),
    ]
    return [
        document.text[start:end]
        for start, end in zip(document.pages, ends, strict=True)
    ]


@pytest.mark.parametrize("compress", [False, True])
async def test_pages_start_exactly_where_their_text_does(
    path: Path, reader: DocumentReader, make_pdf: MakePdf, show: Show, *, compress: bool
) -> None:
    """Each start offset is that of the page's first character, an empty page included, and pages
    are found again.
    """
    path.write_bytes(
        make_pdf(
            [show("First page", "line two"), b"", show("Third page")], compress=compress
        )
    )
    document = await reader.read(path)
    assert document.kind == "pdf"
    assert page_texts(document) == ["First page\nline two", "", "Third page"]
    assert document.page_at(document.text.index("line two")) == 1
    assert document.page_at(document.text.index("Third")) == 3


async def test_foreign_bytes_before_the_header_are_tolerated(
    path: Path, reader: DocumentReader, make_pdf: MakePdf, show: Show
) -> None:
    """A PDF saved with a few bytes in front is still told, and read, as a PDF."""
    path.write_bytes(b"HTTP/1.1 200 OK\r\n\r\n" + make_pdf([show("Body")]))
    assert (await reader.read(path)).text == "Body"


@pytest.mark.parametrize("algorithm", ["AES-256", "RC4-128"])
async def test_a_pdf_with_a_password_is_encrypted(
    path: Path, make_pdf: MakePdf, show: Show, algorithm: str
) -> None:
    """A PDF that needs a user password is refused as such, not as damaged."""
    assert (
        await refusal(
            path, locked(make_pdf([show("Body")]), user="pw", algorithm=algorithm)
        )
    ).code == "encrypted"


async def test_a_pdf_that_opens_without_a_password_is_read(
    path: Path, reader: DocumentReader, make_pdf: MakePdf, show: Show
) -> None:
    """Encryption that only restricts printing or editing does not hide the text."""
    path.write_bytes(locked(make_pdf([show("Body")]), user=""))
    assert (await reader.read(path)).text == "Body"


async def test_a_scan_has_no_text(path: Path, make_pdf: MakePdf) -> None:
    """Pages without any text are refused, and OCR is the next step."""
    error = await refusal(path, make_pdf([b"0 0 10 10 re f", b""]))
    assert error.code == "no_text"
    assert "OCR" in str(error)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
async def test_a_truncated_pdf_is_malformed(
    path: Path, make_pdf: MakePdf, show: Show, share: float
) -> None:
    """A PDF cut off anywhere gives no document, although its first pages could be rescued."""
    data = make_pdf([show(f"Page {number}", *["filler"] * 50) for number in range(5)])
    assert (await refusal(path, data[: int(len(data) * share)])).code == "malformed"


async def test_a_pdf_with_a_lost_page_is_malformed(
    path: Path, make_pdf: MakePdf, show: Show
) -> None:
    """A page tree that names more pages than it holds is not read as a shorter document."""
    data = make_pdf([show("One"), show("Two")])
    assert (
        await refusal(path, data.replace(b"/Count 2", b"/Count 3"))
    ).code == "malformed"


async def test_a_pdf_with_a_lost_stream_is_malformed(
    path: Path, make_pdf: MakePdf, show: Show
) -> None:
    """A page whose content does not exist is not read as an empty page."""
    data = make_pdf([show("One"), show("Two")])
    error = await refusal(path, data.replace(b"/Contents 7 0 R", b"/Contents 9 0 R"))
    assert error.code == "malformed"
    assert "Object … … not defined" in error.detail


async def test_a_pdf_with_a_damaged_stream_is_malformed(
    path: Path, make_pdf: MakePdf, show: Show
) -> None:
    """A compressed page that expands to something else than was stored is not read as far as it
    goes.
    """
    data = make_pdf(
        [show(*[f"clause {number}" for number in range(200)])], compress=True
    )
    middle = data.index(b"stream\n") + 200
    damaged = (
        data[:middle]
        + bytes(byte ^ 0x55 for byte in data[middle : middle + 8])
        + data[middle + 8 :]
    )
    assert (await refusal(path, damaged)).code == "malformed"


async def test_a_stream_that_explodes_is_a_bomb(path: Path, make_pdf: MakePdf) -> None:
    """A stream of 200 KB that expands to 200 MB is refused while it expands."""
    assert (
        await refusal(path, make_pdf([bytes(200_000_000)], compress=True))
    ).code == "archive_bomb"


@pytest.mark.parametrize("limits", [Limits(max_pages=2), Limits(max_chars=12)])
async def test_a_pdf_over_a_limit_is_refused(
    path: Path, make_pdf: MakePdf, show: Show, limits: Limits
) -> None:
    """More pages or characters than allowed are refused, not cut."""
    assert (
        await refusal(
            path, make_pdf([show("Five5"), show("Five5"), show("Five5")]), limits
        )
    ).code == "limit"


@pytest.mark.parametrize(
    "body",
    [
        b"%PDF-1.7\n%%EOF",
        b"%PDF-1.7\nstartxref\n9\n%%EOF",
        b"%PDF-" + bytes(2000) + b"%%EOF",
    ],
)
async def test_a_pdf_of_nothing_is_malformed(path: Path, body: bytes) -> None:
    """A header and an end with nothing sound between them are malformed."""
    assert (await refusal(path, body)).code == "malformed"


async def test_a_page_tree_in_a_circle_ends(
    path: Path, make_pdf: MakePdf, show: Show
) -> None:
    """A page tree that contains itself is refused, not walked forever."""
    data = make_pdf([show("One")]).replace(b"/Kids [4 0 R]", b"/Kids [2 0 R]")
    assert (await refusal(path, data)).code in {"malformed", "limit"}
