"""The door: which files are opened, and what is said of the others."""

import hashlib
import os
import socket
from pathlib import Path

import pytest

from interlock.tools.documents import DocumentError, DocumentReader, ErrorCode, Limits


async def refusal(path: Path, limits: Limits | None = None) -> DocumentError:
    """Return why the file is refused; the error always names it in one line."""
    with pytest.raises(DocumentError) as caught:
        await DocumentReader(limits=limits or Limits()).read(path)
    assert caught.value.path == str(path)
    assert str(caught.value).isprintable()
    return caught.value


async def code_of(path: Path, limits: Limits | None = None) -> ErrorCode:
    """Return the code under which the file is refused."""
    return (await refusal(path, limits)).code


async def test_a_document_carries_the_digest_and_name_of_its_file(
    tmp_path: Path, reader: DocumentReader
) -> None:
    """The digest is that of the bytes, the name is the base name in printable form."""
    path = tmp_path / "a\u202e\nb.txt"
    path.write_bytes(b"hello")
    document = await reader.read(path)
    assert document.digest == "sha256:" + hashlib.sha256(b"hello").hexdigest()
    assert document.name == "a\ufffd\ufffdb.txt"
    assert (document.kind, document.text, document.pages) == ("txt", "hello", (0,))


async def test_the_kind_is_told_by_content_not_by_name(
    tmp_path: Path, reader: DocumentReader
) -> None:
    """A text called .pdf is a text."""
    path = tmp_path / "text.pdf"
    path.write_bytes(b"plain")
    assert (await reader.read(path)).kind == "txt"


async def test_a_path_with_no_file_is_missing(tmp_path: Path) -> None:
    """No file, a file used as a folder, and a name no file can have are all missing."""
    (tmp_path / "file").write_bytes(b"x")
    for path in (
        tmp_path / "none",
        tmp_path / "file" / "below",
        tmp_path / "nul\0",
        tmp_path / ("n" * 300),
    ):
        assert await code_of(path) == "missing"


async def test_what_is_not_a_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    """A directory, a FIFO nobody writes to, a device and a socket are refused without waiting."""
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for path in (
            tmp_path,
            tmp_path / "fifo",
            Path("/dev/zero"),
            tmp_path / "socket",
        ):
            assert await code_of(path) == "not_a_file"


async def test_a_link_is_followed_when_the_read_begins(
    tmp_path: Path, reader: DocumentReader
) -> None:
    """A link to a document is read under the name the caller gave; a loop of links or one to
    nowhere is refused.
    """
    (tmp_path / "real.txt").write_bytes(b"text")
    (tmp_path / "link.txt").symlink_to("real.txt")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "nowhere").symlink_to("none")
    document = await reader.read(tmp_path / "link.txt")
    assert (document.name, document.text) == ("link.txt", "text")
    assert await code_of(tmp_path / "loop") == "not_a_file"
    assert await code_of(tmp_path / "nowhere") == "missing"


async def test_an_empty_file_is_empty(tmp_path: Path) -> None:
    """Zero bytes are not a document of no text."""
    (tmp_path / "a.pdf").touch()
    assert await code_of(tmp_path / "a.pdf") == "empty"


async def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    """A 200 MB sparse file is refused by its size."""
    with (tmp_path / "big.pdf").open("wb") as file:
        file.truncate(200_000_000)
    error = await refusal(tmp_path / "big.pdf")
    assert error.code == "too_large"
    assert "200000000" in error.detail


async def test_a_file_that_hides_its_size_is_stopped_while_reading() -> None:
    """The size is checked again on the bytes that arrive: a kernel file says 0 and then goes on."""
    assert Path("/proc/self/maps").stat().st_size == 0
    assert await code_of(Path("/proc/self/maps"), Limits(max_bytes=100)) == "too_large"


@pytest.mark.parametrize(
    ("start", "looks"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Office"),
        (b"{\\rtf1\\ansi text}", "RTF"),
        (b"\xef\xbb\xbf\n<!DOCTYPE HTML><p>text", "HTML"),
        (b"<?xml version='1.0'?><w/>", "XML"),
        (b"\x89PNG\r\n\x1a\n....", "PNG"),
        (b"\xff\xd8\xff\xe0....", "JPEG"),
        (b"MZ\x90\x00\x03\x00", "binary"),
        (b"\x01\x02\x03\x04 some words", "binary"),
    ],
)
async def test_other_formats_are_named(
    tmp_path: Path, start: bytes, looks: str
) -> None:
    """A file of another format, renamed .txt, is unsupported, and the message says what it looks
    like.
    """
    path = tmp_path / "renamed.txt"
    path.write_bytes(start)
    error = await refusal(path)
    assert error.code == "unsupported"
    assert looks in error.detail


async def test_an_office_file_with_a_password_is_encrypted(tmp_path: Path) -> None:
    """Office keeps an encrypted DOCX in an OLE container, which is told from an old .doc."""
    path = tmp_path / "secret.docx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(512)
        + "EncryptedPackage".encode("utf-16-le")
    )
    assert await code_of(path) == "encrypted"


async def test_a_text_that_mentions_a_pdf_header_is_a_text(
    tmp_path: Path, reader: DocumentReader
) -> None:
    """Only a header at the start, or one that a PDF's end goes with, makes a PDF."""
    path = tmp_path / "about.txt"
    path.write_bytes(b"A PDF begins with %PDF-1.7, says the standard.")
    assert (await reader.read(path)).kind == "txt"
