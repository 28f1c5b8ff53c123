"""The values: pages by offset, and errors that say what to do."""

from typing import get_args

import pytest

from interlock.tools.documents import Document, DocumentError, ErrorCode
from interlock.tools.documents.errors import NEXT_STEP

DOCUMENT = Document(
    digest="sha256:0",
    name="a.pdf",
    kind="pdf",
    text="one\n\f\ntwo\n\f\n",
    pages=(0, 6, 12),
)


@pytest.mark.parametrize(
    ("offset", "page"), [(0, 1), (5, 1), (6, 2), (9, 2), (11, 2), (12, 3)]
)
def test_an_offset_is_on_the_last_page_that_starts_at_or_before_it(
    offset: int, page: int
) -> None:
    """A page break belongs to the page before it, and the end of the text to the last page."""
    assert DOCUMENT.page_at(offset) == page


@pytest.mark.parametrize("offset", [-1, 13])
def test_an_offset_outside_the_text_is_an_error(offset: int) -> None:
    """No page is made up for an offset that the text does not have."""
    with pytest.raises(ValueError, match="outside the text"):
        DOCUMENT.page_at(offset)


@pytest.mark.parametrize("code", get_args(ErrorCode))
def test_an_error_is_one_printable_line_with_a_next_step(code: ErrorCode) -> None:
    """Whatever the file is called, the message is one printable line that names it, the defect and
    what to do.
    """
    error = DocumentError(code=code, path="a\n\u202eb.pdf", detail="byte 7 is odd")
    assert str(error).isprintable()
    assert "'a\\n\\u202eb.pdf'" in str(error)
    assert "byte 7 is odd" in str(error)
    assert str(error).endswith(NEXT_STEP[code])
