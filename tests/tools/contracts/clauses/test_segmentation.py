"""Units are exact, ordered, complete and bounded, and end where sentences do."""

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from interlock.tools.contracts.clauses.segmentation import LONGEST, unit_at, units

_LEGAL = st.sampled_from(
    [
        "Inc. ",
        "No. 5 ",
        "(a) ",
        "1.2 ",
        "\n\n",
        "\n",
        " ",
        "    ",
        "; ",
        ": ",
        ". ",
        "A",
        "b",
        "“",
        ")",
        "§",
        "\xa0",
        "\u200b",
    ]
)


@given(st.one_of(st.text(), st.lists(_LEGAL, max_size=60).map("".join)))
def test_units_cover_every_visible_character_once(text: str) -> None:
    """Joined, the units hold each character that is not white space once and in order."""
    found = units(text)
    assert "".join(
        "".join(text[unit.start : unit.end].split()) for unit in found
    ) == "".join(text.split())
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(0 < unit.end - unit.start <= LONGEST for unit in found)
    assert all(
        text[unit.start : unit.end].strip() == text[unit.start : unit.end]
        for unit in found
    )


def test_sentences_end_units() -> None:
    """A full stop before a capital ends a unit."""
    assert _cut("The term ends. The fee is due.") == [
        "The term ends.",
        "The fee is due.",
    ]


def test_legal_abbreviations_do_not_end_units() -> None:
    """Company forms, initials and references keep their full stop inside the unit."""
    for text in (
        "Acme Inc. Shall pay.",
        "See No. 5 of it.",
        "In the U.S. Congress acts.",
        "J. P. Morgan signs.",
    ):
        assert _cut(text) == [text]


def test_a_number_stays_with_what_it_numbers() -> None:
    """An enumerator begins the unit that follows it."""
    assert _cut("It ends.\n2. Fees are due.\n(b) Taxes are not.") == [
        "It ends.",
        "2. Fees are due.",
        "(b) Taxes are not.",
    ]


def test_a_page_break_inside_a_sentence_does_not_end_it() -> None:
    """A blank line before a lower-case word is a break of the page, not of the sentence."""
    assert _cut("The supplier shall\n\ndeliver it.") == [
        "The supplier shall\n\ndeliver it."
    ]


def test_hostile_white_space_takes_linear_time() -> None:
    """Long runs of one character cost no more than their length."""
    begun = time.process_time()
    for piece in (" ", "\n", "a", "(", "1.", "; ", ". A", '"'):
        units(piece * 200_000)
    assert time.process_time() - begun < 8


def test_the_unit_at_an_offset_is_the_first_that_ends_after_it() -> None:
    """An offset between units belongs to the next one."""
    found = units("One two. Three four.")
    assert [unit_at(found, offset) for offset in (0, 7, 8, 9, 20)] == [0, 0, 1, 1, 2]


def _cut(text: str) -> list[str]:
    return [text[unit.start : unit.end] for unit in units(text)]
