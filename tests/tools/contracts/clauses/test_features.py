"""Rows hold distinct ascending keys, one row a unit, the same everywhere."""

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from interlock.tools.contracts.clauses.features import (
    GROUPS,
    is_heading,
    named_rows,
    rows,
    word_shape,
)
from interlock.tools.contracts.clauses.segmentation import units

TEXT = (
    "GOVERNING LAW\n\nThis Agreement is governed by the laws of Ohio. It ends on May 5, "
    "2020.\n\nFees\n\nThe fee is $5."
)
DIGEST = "b1f26b24eddcb3105883b86626b39058d358416bb49be3473f7aa15abd9df556"


@given(st.text())
def test_every_unit_has_a_row_of_distinct_ascending_keys(text: str) -> None:
    """A row is never empty and never repeats a key."""
    found = units(text)
    made = rows(text, found)
    assert len(made.bounds) == len(found) + 1
    for first, last in zip(made.bounds, made.bounds[1:], strict=False):
        assert last > first
        assert (np.diff(made.keys[first:last].astype(np.int64)) > 0).all()


def test_keys_never_change() -> None:
    """The shipped weights are for these very keys: another mix would need another artefact."""
    made = rows(TEXT, units(TEXT))
    assert (
        hashlib.sha256(made.keys.tobytes() + made.bounds.tobytes()).hexdigest()
        == DIGEST
    )


def test_every_group_occurs() -> None:
    """A contract's text gives features of every group."""
    assert set((rows(TEXT, units(TEXT)).keys & np.uint32(7)).tolist()) == set(
        range(len(GROUPS))
    )


def test_the_running_heading_reaches_the_sentences_below_it() -> None:
    """The same sentence under another heading has other features."""
    one, other = (
        rows(text, units(text))
        for text in ("Fees\n\nIt is due now.", "Term\n\nIt is due now.")
    )
    assert set(one.keys[one.bounds[1] :].tolist()) != set(
        other.keys[other.bounds[1] :].tolist()
    )


def test_headings_are_short_and_capitalised() -> None:
    """A heading is a few capitalised words; a sentence, a number or a long line is none."""
    assert is_heading("8.2 Governing Law")
    assert is_heading("LIMITATION OF LIABILITY")
    assert not is_heading("The fee is due now.")
    assert not is_heading("12.")
    assert not is_heading("Word " * 30)


def test_numbers_keep_only_their_form() -> None:
    """Years and amounts generalise; one digit stays itself."""
    assert [word_shape(word) for word in ("2019", "1,500", "7", "It\u2019s")] == [
        "#year",
        "#0,000",
        "7",
        "it's",
    ]


def test_named_rows_are_never_empty() -> None:
    """A row without names still holds one key, as scorers sum over non-empty rows."""
    made = named_rows([[], ["a", "b", "a"]])
    assert np.diff(made.bounds).tolist() == [1, 2]
