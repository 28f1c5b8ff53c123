"""Plain text: strict UTF-8, or UTF-16 that says so with a byte order mark."""

import codecs

from interlock.tools.documents.document import Limits, Parsed
from interlock.tools.documents.errors import Refusal
from interlock.tools.documents.inventory import Redline


def parse(data: bytes, limits: Limits, _: Redline = "accepted") -> Parsed:
    """Return the decoded text; no byte is guessed, replaced or dropped but one byte order mark.

    Refusals: `encoding` names the first byte that does not decode, `unsupported` is a NUL in
    UTF-16, `no_text` is blank text, `limit` is more than `limits.max_chars` characters.
    """
    text = with_newlines(_decode(data))
    if "\x00" in text:
        raise Refusal(
            "unsupported",
            f"it looks like a binary file: NUL at character {text.index(chr(0))}",
        )
    if len(text) > limits.max_chars:
        raise Refusal("limit", f"{len(text)} characters, {limits.max_chars} allowed")
    if not text.strip():
        raise Refusal("no_text", "it holds nothing but blanks")
    return Parsed(text=text, pages=(0,))


def with_newlines(text: str) -> str:
    r"""Return `text` with every `\r\n` and lone `\r` as `\n`."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes) -> str:
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    escape = -1 if utf16 else max(data.find(b"\x1b$"), data.find(b"\x1b("))
    # ISO-2022 is seven-bit, so it would decode as UTF-8 without an error and without a meaning.
    if escape >= 0:
        raise Refusal(
            "encoding", f"it looks like ISO-2022 text: escape sequence at byte {escape}"
        )
    codec = "utf-16" if utf16 else "utf-8"
    body = data if utf16 else data.removeprefix(codecs.BOM_UTF8)
    try:
        return body.decode(codec)
    except UnicodeDecodeError as error:
        offset = error.start + len(data) - len(body)
        raise Refusal(
            "encoding",
            f"byte 0x{data[offset]:02X} at offset {offset} is not {codec.upper()}",
        ) from None
