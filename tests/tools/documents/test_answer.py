"""The parent believes nothing of the child's answer that it can check."""

import json

import pytest

from interlock.tools.documents import Limits
from interlock.tools.documents.answer import accept, encode
from interlock.tools.documents.document import Parsed
from interlock.tools.documents.errors import Refusal

LIMITS = Limits(max_chars=10, max_pages=3)


def test_an_honest_answer_comes_back() -> None:
    """What the child encodes, the parent accepts unchanged, refusals included."""
    parsed = Parsed(text="é\U0001f600\n", pages=(0, 2))
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
        b'{"text": "a", "pages": [0], "kind": "pdf"}',
        b'{"text": "\\ud800", "pages": [0]}',
        b'{"text": "a\\u0000", "pages": [0]}',
        b'{"code": "fine", "detail": ""}',
        json.dumps({"text": "a" * 11, "pages": [0]}).encode(),
        *(
            json.dumps({"text": "abc", "pages": pages}).encode()
            for pages in ([], [1], [0, 0], [0, 4], [False], [0.0])
        ),
        b'{"text": "abc", "pages": [0, 1, 2, 3]}',
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
