"""What the child answers on its one channel, and what of it the parent believes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, get_args

from interlock.tools.documents.document import Limits, Parsed, printable
from interlock.tools.documents.errors import ErrorCode, Refusal
from interlock.tools.documents.inventory import (
    LONGEST_EXCERPT,
    MOST_CHANGES,
    MOST_HIDDEN,
    Inventory,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_CODES: Final[dict[str, ErrorCode]] = {code: code for code in get_args(ErrorCode)}
_DETAIL: Final = 300
_CHAR_BYTES: Final = 6
_PAGE_BYTES: Final = 16
_FRAME_BYTES: Final = 64 * 1024
_CHANGE_BYTES: Final = 2 * 6 * LONGEST_EXCERPT
_STRETCH_BYTES: Final = 64
_MOST_STRETCHES: Final = 50_000


def encode(outcome: Parsed | Refusal) -> bytes:
    """Return `outcome` as one JSON object in UTF-8.

    It is `{"text", "pages", "inventory"}` or `{"code", "detail"}`.
    """
    if isinstance(outcome, Refusal):
        return json.dumps({"code": outcome.code, "detail": outcome.detail}).encode()
    return json.dumps(asdict(outcome), ensure_ascii=False).encode()


def max_bytes(limits: Limits) -> int:
    """Return a length that no honest answer under `limits` exceeds."""
    return (
        _CHAR_BYTES * limits.max_chars
        + _PAGE_BYTES * limits.max_pages
        + _PAGE_BYTES * limits.max_chars  # one paragraph a character, at worst
        + _CHANGE_BYTES * (MOST_CHANGES + MOST_HIDDEN)
        + _STRETCH_BYTES * _MOST_STRETCHES
        + _FRAME_BYTES
    )


def accept(answer: bytes, limits: Limits) -> Parsed:
    """Return what the child parsed, or raise the `Refusal` it answered.

    An answer out of form is `unreadable`.

    No part of it is trusted: a parser that was taken over answers what it likes. Text and page
    starts that pass are well formed and within `limits`; that they are the document's is what
    nobody but the parser can tell.
    """
    match _fields(answer):
        case {"text": _, "pages": _, "inventory": _}:
            return _checked(answer, limits)
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


def _checked(answer: bytes, limits: Limits) -> Parsed:
    from pydantic import ValidationError  # noqa: PLC0415 - the child, which loads this file too, does without

    try:
        parsed = _form().validate_json(answer, strict=True, extra="forbid")
    except ValidationError:
        raise _nonsense() from None
    text = parsed.text
    if not _ascending(parsed.pages, len(text)):
        raise _nonsense()
    if len(text) > limits.max_chars or len(parsed.pages) > limits.max_pages:
        raise _nonsense()
    if "\x00" in text or "\r" in text or not _encodable(text):
        raise _nonsense()
    if not _is_sound(parsed.inventory, len(text)):
        raise _nonsense()
    return parsed


@cache
def _form() -> "TypeAdapter[Parsed]":
    from pydantic import TypeAdapter  # noqa: PLC0415 - as above

    return TypeAdapter(Parsed)


def _is_sound(inventory: Inventory, end: int) -> bool:
    """Tell whether everything listed lies in the text, in its order, and in bounds."""
    stretches = [stretch.start for stretch in inventory.stretches]
    counts = (*inventory.read, *inventory.left_out)
    return (
        _ordered([0, *stretches, end])
        and _ordered([0, *inventory.paragraphs, end])
        and all(count.count > 0 for count in counts)
        and len(stretches) <= _MOST_STRETCHES
        and _is_told_soundly(inventory, end)
    )


def _is_told_soundly(inventory: Inventory, end: int) -> bool:
    """Tell the same of the changes and the hidden texts."""
    changes = inventory.changes
    hidden = [one.start for one in inventory.hidden]
    return (
        all(0 <= change.start <= change.end <= end for change in changes)
        and _ordered([change.start for change in changes])
        and _ordered([0, *hidden, end])
        and len(changes) <= min(MOST_CHANGES, inventory.changed)
        and len(hidden) <= MOST_HIDDEN
        and all(
            len(text) <= LONGEST_EXCERPT and _encodable(text)
            for text in _excerpts(inventory)
        )
    )


def _excerpts(inventory: Inventory) -> Iterator[str]:
    for change in inventory.changes:
        yield change.author
        yield change.excerpt
    for hidden in inventory.hidden:
        yield hidden.excerpt


def _ordered(offsets: Sequence[int]) -> bool:
    return all(first <= second for first, second in pairwise(offsets))


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
