"""What the child answers on its one channel, and what of it the parent believes."""

import json
from itertools import pairwise
from typing import Final, get_args

from interlock.tools.documents.document import Limits, Parsed, printable
from interlock.tools.documents.errors import ErrorCode, Refusal

_CODES: Final[dict[str, ErrorCode]] = {code: code for code in get_args(ErrorCode)}
_DETAIL: Final = 300
_CHAR_BYTES: Final = 6
_PAGE_BYTES: Final = 16
_FRAME_BYTES: Final = 64 * 1024


def encode(outcome: Parsed | Refusal) -> bytes:
    """Return `outcome` as one JSON object in UTF-8: `{"text", "pages"}` or `{"code", "detail"}`."""
    if isinstance(outcome, Refusal):
        return json.dumps({"code": outcome.code, "detail": outcome.detail}).encode()
    return json.dumps(
        {"text": outcome.text, "pages": outcome.pages}, ensure_ascii=False
    ).encode()


def max_bytes(limits: Limits) -> int:
    """Return a length that no honest answer under `limits` exceeds."""
    return (
        _CHAR_BYTES * limits.max_chars + _PAGE_BYTES * limits.max_pages + _FRAME_BYTES
    )


def accept(answer: bytes, limits: Limits) -> Parsed:
    """Return what the child parsed, or raise the `Refusal` it answered.

    An answer out of form is `unreadable`.

    No part of it is trusted: a parser that was taken over answers what it likes. Text and page
    starts that pass are well formed and within `limits`; that they are the document's is what
    nobody but the parser can tell.
    """
    match _fields(answer):
        case {"text": str(text), "pages": [*pages], **rest} if not rest:
            return _checked(text, tuple(pages), limits)
        case {"code": str(code), "detail": str(detail), **rest} if (
            not rest and code in _CODES
        ):
            raise Refusal(_CODES[code], printable(detail[:_DETAIL]))
        case _:
            raise _nonsense()


def _fields(answer: bytes) -> object:
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        raise _nonsense() from None


def _checked(text: str, pages: tuple[object, ...], limits: Limits) -> Parsed:
    starts = tuple(page for page in pages if type(page) is int)
    if len(starts) != len(pages) or not _ascending(starts, len(text)):
        raise _nonsense()
    if len(text) > limits.max_chars or len(starts) > limits.max_pages:
        raise _nonsense()
    if "\x00" in text or "\r" in text or not _encodable(text):
        raise _nonsense()
    return Parsed(text=text, pages=starts)


def _ascending(starts: tuple[int, ...], end: int) -> bool:
    """Tell whether the starts begin with 0, ascend, and do not pass the end."""
    if not starts or starts[0] != 0 or starts[-1] > end:
        return False
    return all(first < second for first, second in pairwise(starts))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _nonsense() -> Refusal:
    return Refusal("unreadable", "its parser gave no answer that makes sense")
