"""A span is placed only where it is certain which glyphs it is."""

import pytest

from interlock.tools.documents.picture.placement import Letters, placed


def glyphs(text: str, span: str, page: str) -> str | None:
    """Return what stands on *page* where the first *span* of *text* is placed."""
    start = text.index(span)
    places = placed(Letters.of(text), (start, start + len(span)), Letters.of(page))
    return None if places is None else page[places.start : places.stop]


@pytest.mark.parametrize(
    ("text", "span", "page", "shown"),
    [
        ("the cap is ten", "cap is", "the  cap\r\nis ten", "cap\r\nis"),
        (
            "inter-\nnational law",
            "inter-\nnational",
            "foot inter\x02national law",
            None,
        ),
        ("an o\ufb03ce here", "o\ufb03ce", "head an office here", "office"),
        ("same same", "same", "same same", "same"),
    ],
)
def test_white_space_hyphens_and_ligatures_do_not_count(
    text: str, span: str, page: str, shown: str | None
) -> None:
    """Where two programs write the same words in their own way, the words are placed."""
    assert glyphs(text, span, page) == (shown or "inter\x02national")


def test_of_two_alike_the_right_one_is_placed_by_what_stands_around() -> None:
    """Words that stand twice are told apart by their neighbours."""
    text = "One: notice in writing. Two: notice by mail. "
    page = "Header 7 One: notice in writing. Two: notice by mail."
    start = text.index("notice by")
    places = placed(Letters.of(text), (start, start + 6), Letters.of(page))
    assert places is not None
    assert places.start == page.index("notice by")


@pytest.mark.parametrize(
    ("text", "span", "page"),
    [
        ("pay 10", "pay 10", "x pay 10 pay 10"),
        ("pay 10 pay 10", "pay 10", "x pay 10"),
        ("pay 10", "pay 10", "pay ten"),
        ("a b", " ", "a b"),
    ],
)
def test_what_is_not_certain_has_no_place(text: str, span: str, page: str) -> None:
    """Where the words stand twice, not at all, or are no words, none is marked."""
    assert glyphs(text, span, page) is None
