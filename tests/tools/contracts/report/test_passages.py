"""The text of a contract with its clauses marked: whole, in order, and no mark lost."""

import pytest

from interlock.tools.contracts.extraction import Clause
from interlock.tools.contracts.report.leaves import leaves
from interlock.tools.contracts.report.passages import Mark, passages
from interlock.tools.documents import Document
from interlock.tools.documents.inventory import Inventory, Stretch

TEXT = "0123456789"


def marks(*spans: tuple[int, int]) -> list[Mark]:
    """Return a mark for each of *spans*, numbered from 1."""
    return [
        Mark(
            number=number,
            clause=Clause(
                category="Insurance",
                start=start,
                end=end,
                text=TEXT[start:end],
                confidence=9_000,
                page=1,
                answer="found",
                polarity="stated",
            ),
        )
        for number, (start, end) in enumerate(spans, start=1)
    ]


def shown(start: int, end: int, *spans: tuple[int, int]) -> list[tuple[str, str, str]]:
    """Return each passage with the numbers of the marks over it, and of those that begin."""
    return [
        (
            passage.text,
            "".join(str(mark.number) for mark in passage.marks),
            "".join(str(mark.number) for mark in passage.begins),
        )
        for passage in passages(TEXT, start, end, marks(*spans))
    ]


@pytest.mark.parametrize(
    ("spans", "wanted"),
    [
        ((), [("0123456789", "", "")]),
        (((2, 4),), [("01", "", ""), ("23", "1", "1"), ("456789", "", "")]),
        (
            ((1, 5), (3, 7)),
            [
                ("0", "", ""),
                ("12", "1", "1"),
                ("34", "12", "2"),
                ("56", "2", ""),
                ("789", "", ""),
            ],
        ),
        (
            ((0, 10), (4, 5)),
            [("0123", "1", "1"), ("4", "12", "2"), ("56789", "1", "")],
        ),
        (((8, 10), (8, 10)), [("01234567", "", ""), ("89", "12", "12")]),
    ],
    ids=["none", "one", "overlapping", "nested", "the same twice"],
)
def test_marks_cut_the_text_where_they_begin_and_end(
    spans: tuple[tuple[int, int], ...], wanted: list[tuple[str, str, str]]
) -> None:
    """Each passage is under the same marks from end to end, and a mark begins once."""
    assert shown(0, 10, *spans) == wanted


def test_a_mark_that_passes_the_end_goes_on_in_the_next_leaf() -> None:
    """A clause over a page break is marked on both pages and begins on the first."""
    assert shown(0, 5, (3, 8)) == [("012", "", ""), ("34", "1", "1")]
    assert shown(5, 10, (3, 8)) == [("567", "1", ""), ("89", "", "")]


def document(text: str, **fields: object) -> Document:
    """Return a document that is a text unless *fields* say otherwise."""
    whole: dict[str, object] = {
        "digest": "sha256:ab",
        "name": "a",
        "kind": "txt",
        "text": text,
        "pages": (0,),
    }
    return Document(**(whole | fields))  # type: ignore[arg-type]  # the fields of the test


def test_a_pdf_is_shown_page_by_page() -> None:
    """A page is one leaf with its number; a page without text is none."""
    pages = leaves(document("one\n\f\n\n\f\nthree", kind="pdf", pages=(0, 6, 9)), ())
    assert [(leaf.number, leaf.place) for leaf in pages] == [
        (1, "Page 1"),
        (3, "Page 3"),
    ]


def test_a_file_without_pages_is_cut_where_a_line_or_a_part_ends() -> None:
    """Leaves of a long text end with a line, a footnote begins one, and nothing is left out."""
    line = "x" * 99 + "\n"
    text = line * 100 + "A footnote."
    part = Stretch(part="footnote", number=1, start=len(line) * 100)
    whole = document(text, kind="docx", inventory=Inventory(stretches=(part,)))
    parts = leaves(whole, ())
    assert len(parts) == 4
    assert parts[-1].place == "From footnote 1"
    assert all(text[leaf.start - 1] == "\n" for leaf in parts[1:])
    joined = "".join(one.text for leaf in parts for one in leaf.passages)
    assert joined.replace("\n", "") == text.replace("\n", "")


def test_of_a_very_long_text_the_leaves_with_a_mark_are_shown() -> None:
    """A text of hundreds of thousands of characters is not shown whole."""
    text = "word " * 200_000
    pages = tuple(range(0, len(text), 5_000))
    parts = leaves(document(text, kind="pdf", pages=pages), marks((7, 9)))
    assert [leaf.number for leaf in parts] == [1]
