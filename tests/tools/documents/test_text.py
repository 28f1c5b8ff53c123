"""Plain text: strict decoding, exact characters."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.tools.documents import DocumentError, DocumentReader, Limits
from interlock.tools.documents.text import parse

TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1).filter(
    str.strip
)


@given(text=TEXTS, codec=st.sampled_from(["utf-8-sig", "utf-16"]))
def test_any_text_comes_back_exactly(text: str, codec: str) -> None:
    """Every text without control characters comes back code point by code point, whatever its
    normal form.
    """
    assert parse(text.encode(codec), Limits()).text == text


@settings(max_examples=15, deadline=None)
@given(text=TEXTS)
def test_any_text_comes_back_through_the_child(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """The child's channel changes no character either."""
    path: Path = tmp_path_factory.mktemp("text") / "any.txt"
    path.write_bytes(text.encode("utf-8-sig"))
    assert asyncio.run(DocumentReader().read(path)).text == text


async def test_newlines_are_one_character(
    tmp_path: Path, reader: DocumentReader
) -> None:
    """The newlines of every system become the one that offsets count."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\r\nb\rc\nd\r\r\ne")
    assert (await reader.read(path)).text == "a\nb\nc\nd\n\ne"


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ("Müller GmbH".encode("cp1252"), "byte 0xFC at offset 1 is not UTF-8"),
        ("契約書".encode("shift-jis"), "byte 0x8C at offset 0 is not UTF-8"),
        (b"\xef\xbb\xbfab\xe9", "byte 0xE9 at offset 5 is not UTF-8"),
        (b"\xff\xfea\x00b", "byte 0x62 at offset 4 is not UTF-16"),
        ("契約書".encode("iso-2022-jp"), "ISO-2022"),
        ("text".encode("utf-32"), "UTF-32"),
    ],
)
async def test_another_encoding_is_named_with_its_place(
    tmp_path: Path, data: bytes, where: str
) -> None:
    """No encoding is guessed: the first byte that is not UTF-8 or UTF-16 is named by its offset in
    the file.
    """
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(DocumentError) as caught:
        await DocumentReader().read(path)
    assert caught.value.code == "encoding"
    assert where in caught.value.detail


@pytest.mark.parametrize(
    ("data", "limits", "code"),
    [
        (b" \r\n\t\n", Limits(), "no_text"),
        ("\ufeffa\0b".encode("utf-16-le"), Limits(), "unsupported"),
        (b"abcdef", Limits(max_chars=5), "limit"),
    ],
)
async def test_a_text_without_use_is_refused(
    tmp_path: Path, data: bytes, limits: Limits, code: str
) -> None:
    """Blank text, a binary behind a byte order mark, and more characters than allowed are refused,
    not cut.
    """
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(DocumentError) as caught:
        await DocumentReader(limits=limits).read(path)
    assert caught.value.code == code
