"""The parent believes nothing of the child's answer that it can check."""

import json
from typing import Any

import pytest

from interlock.tools.documents import Limits
from interlock.tools.documents.answer import accept, encode
from interlock.tools.documents.document import Parsed
from interlock.tools.documents.errors import Refusal
from interlock.tools.documents.inventory import (
    Change,
    Count,
    Hidden,
    Inventory,
    Stretch,
)

LIMITS = Limits(max_chars=10, max_pages=3)
CHANGE: dict[str, Any] = {
    "kind": "inserted",
    "author": "A",
    "excerpt": "b",
    "start": 1,
    "end": 2,
}
HIDDEN = {"why": "size", "excerpt": "b", "start": 2}
MISSING: Any = object()
UNSOUND: tuple[Any, ...] = (
    None,
    [],
    {"surprise": 1},
    {"read": [{"part": "page", "count": 1}]},
    {"read": [{"part": "footnote", "count": 0}]},
    {"left_out": [{"part": "comment", "count": -1}]},
    {"left_out": [{"part": "comment", "count": True}]},
    {"paragraphs": [4]},
    {"paragraphs": [2, 1]},
    {"stretches": [{"part": "footnote", "number": 1, "start": 4}]},
    {"stretches": [{"part": "footnote", "number": 1, "start": -1}]},
    {"changes": [CHANGE]},
    {"changed": 1, "changes": [CHANGE | {"end": 4}]},
    {"changed": 1, "changes": [CHANGE | {"start": 3}]},
    {"changed": 1, "changes": [CHANGE | {"excerpt": "b" * 301}]},
    {"changed": 1, "changes": [CHANGE | {"author": "b" * 301}]},
    {"changed": 1, "changes": [CHANGE | {"kind": "moved"}]},
    {"changed": 501, "changes": [CHANGE] * 501},
    {"redline": "both"},
    {"hidden": [HIDDEN | {"start": 4}]},
    {"hidden": [HIDDEN | {"excerpt": "b" * 301}]},
    {"hidden": [HIDDEN | {"why": "faint"}]},
    {"hidden": [HIDDEN] * 501},
)


def answered(text: str, pages: Any = (0,), inventory: Any = MISSING) -> bytes:
    """Return an answer as the child would write it, sound but for what is said."""
    body = {} if inventory is MISSING else inventory
    return json.dumps({"text": text, "pages": pages, "inventory": body}).encode()


def test_an_honest_answer_comes_back() -> None:
    """What the child encodes, the parent accepts unchanged, refusals included."""
    inventory = Inventory(
        read=(Count(part="footnote", count=1),),
        left_out=(Count(part="comment", count=2),),
        paragraphs=(0,),
        stretches=(Stretch(part="footnote", number=1, start=2),),
        changes=(
            Change(
                kind="inserted",
                author="É",
                excerpt="é",
                start=0,
                end=1,
            ),
        ),
        changed=1,
        redline="rejected",
        hidden=(Hidden(why="colour", excerpt="É", start=1),),
    )
    parsed = Parsed(text="é\U0001f600\n", pages=(0, 2), inventory=inventory)
    assert accept(encode(parsed), LIMITS) == parsed
    with pytest.raises(Refusal, match="encrypted"):
        accept(encode(Refusal("encrypted", "why")), LIMITS)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b"[]",
        b'{"text": "a"}',
        b'{"text": "a", "pages": [0]}',
        b'{"text": "a", "pages": [0], "inventory": {}, "kind": "pdf"}',
        b'{"text": "\\ud800", "pages": [0], "inventory": {}}',
        b'{"text": "a\\u0000", "pages": [0], "inventory": {}}',
        b'{"code": "fine", "detail": ""}',
        answered("a" * 11),
        *(
            answered("abc", pages)
            for pages in ([], [1], [0, 0], [0, 4], [False], [0.0])
        ),
        answered("abc", [0, 1, 2, 3]),
        *(answered("abc", inventory=inventory) for inventory in UNSOUND),
    ],
)
def test_an_answer_out_of_form_is_unreadable(answer: bytes) -> None:
    """Bytes that are not exactly one well-formed answer within the limits give no document."""
    with pytest.raises(Refusal, match="unreadable"):
        accept(answer, LIMITS)


def test_a_detail_cannot_break_the_line() -> None:
    """A detail made by a parser that was taken over is short and printable before anyone
    sees it.
    """
    with pytest.raises(Refusal) as caught:
        accept(encode(Refusal("limit", "\x1b[2J\n" + "x" * 1000)), LIMITS)
    assert caught.value.detail.isprintable()
    assert len(caught.value.detail) <= 300
