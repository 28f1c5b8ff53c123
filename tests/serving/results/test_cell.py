"""Cells: no table program takes a text for a formula."""

import pytest

from interlock.serving.results.cell import cell


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_is_a_formula(sign: str) -> None:
    """Whatever a table program calculates by has an apostrophe before it; a number has none."""
    assert cell(f"{sign}1+1") == f"'{sign}1+1"
    assert cell(-1) == -1
