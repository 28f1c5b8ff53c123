"""Sections: a number is one only where it runs on."""

from interlock.tools.contracts.sections import sections

TEXT = """SUPPLY AGREEMENT

1. Term. This Agreement lasts for
30. The number above begins a line and is a sum of days.
2. Price
2.1 The price is fixed.
2.2. Discounts. None.
(a) A list item.
12 March 2024 is a date.
3) Liability
Section 4 Law. Ohio.
9. Nine does not follow four.
6. Six may, for one number may be lost.
6.1.1 Level without its parent.
"""


def test_numbers_that_run_on_are_sections() -> None:
    """Each numbered line opens a section if its number follows the one before; sums, dates and
    numbers out of turn open none.
    """
    found = sections(TEXT)
    at = {
        word: found.at(TEXT.index(word))
        for word in ("SUPPLY", "Term", "number above", "Price", "price is", "Discounts")
    }
    late = [found.at(TEXT.index(word)) for word in ("date", "Law", "Nine", "Six may")]

    assert at == {
        "SUPPLY": "",
        "Term": "1",
        "number above": "1",
        "Price": "2",
        "price is": "2.1",
        "Discounts": "2.2",
    }
    assert late == ["2.2", "4", "4", "6"]


def test_a_text_without_numbers_has_no_section() -> None:
    """Nothing is made up where nothing is numbered."""
    assert sections("This Agreement is short.").at(5) == ""
