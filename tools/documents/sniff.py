"""What a file is, judged by its bytes; its name is never consulted."""

import codecs
from typing import Final

from interlock.tools.documents.document import Kind
from interlock.tools.documents.errors import Refusal

_HEAD: Final = 1024
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UTF32_LE: Final = codecs.BOM_UTF32_LE
_BLANK: Final = b" \t\r\n\f"

_UNSUPPORTED: Final[tuple[tuple[bytes, str], ...]] = (
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"%!PS", "a PostScript file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
)
_MARKUP: Final[tuple[tuple[bytes, str], ...]] = (
    (b"<!doctype html", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"<head", "an HTML page"),
    (b"<body", "an HTML page"),
    (b"<?xml", "an XML file"),
)
# Escape is left out: ISO-2022 text is an encoding to name, not a binary.
_CONTROLS: Final = bytes(set(range(0x20)) - set(b"\t\n\v\f\r\x1b")) + b"\x7f"
_CONTROLS_ALLOWED: Final = 0.05


def sniff(data: bytes) -> Kind:
    """Return the kind of a non-empty file, or raise `Refusal` naming what it looks like instead.

    It only compares and counts bytes, so it is safe on hostile input outside the confined child. A
    ZIP archive is reported as `docx`; that it really is one is for the DOCX parser to find out.
    """
    if _is_pdf(data):
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "docx"
    if data.startswith(_OLE):
        raise _ole(data)
    for signature, name in _UNSUPPORTED:
        if data.startswith(signature):
            raise Refusal("unsupported", f"it looks like {name}")
    markup = data[:_HEAD].removeprefix(codecs.BOM_UTF8).lstrip(_BLANK).lower()
    for signature, name in _MARKUP:
        if markup.startswith(signature):
            raise Refusal("unsupported", f"it looks like {name}")
    _check_text(data)
    return "txt"


def _is_pdf(data: bytes) -> bool:
    """Tell a PDF from a text that mentions one; a PDF may begin with 1,024 foreign bytes."""
    if data.removeprefix(codecs.BOM_UTF8).lstrip(_BLANK).startswith(b"%PDF-"):
        return True
    return b"%PDF-" in data[:_HEAD] and b"startxref" in data[-2 * _HEAD :]


def _ole(data: bytes) -> Refusal:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return Refusal("encrypted", "it is an Office document with a password")
    return Refusal("unsupported", "it looks like an old Office file (.doc, .xls, .msg)")


def _check_text(data: bytes) -> None:
    if data.startswith((_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Refusal(
            "encoding", "it is UTF-32 text; a byte order mark says so at byte 0"
        )
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return
    nul = data.find(b"\x00")
    if nul >= 0:
        raise Refusal("unsupported", f"it looks like a binary file: NUL at byte {nul}")
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if controls > len(data) * _CONTROLS_ALLOWED:
        raise Refusal(
            "unsupported",
            f"it looks like a binary file: {controls} of {len(data)} bytes are control bytes",
        )
