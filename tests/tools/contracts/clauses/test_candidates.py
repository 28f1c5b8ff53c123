"""Titles, dates and names are proposed in the forms contracts write them, in linear time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.tools.contracts.clauses.candidates import ZONE, Kind, candidates


@given(st.text())
def test_candidates_lie_inside_the_zone(text: str) -> None:
    """Every span is a non-empty stretch of the zone, and none comes twice."""
    found = candidates(text)
    assert all(0 <= one.start < one.end <= min(len(text), ZONE) for one in found)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    "date",
    [
        "March 15, 2000",
        "5th day of December 2008",
        "19 Jan. 1998",
        "8/4/10",
        "[●]",
        "June 1st, 2020",
        "April ___, 2020",
        "22nd day of August, 2005",
    ],
)
def test_dates_are_proposed_whole(date: str) -> None:
    """A date in any usual form, filled in or blank, is one candidate."""
    assert date in _texts("date", f"This is made as of {date} between us.")


@pytest.mark.parametrize(
    "name",
    [
        "Wells Fargo Bank, N.A.",
        "iPayment, Inc.",
        "AT&T Corp.",
        "Bank of America",
        "J. P. Morgan Limited",
        "Acme Limited",
    ],
)
def test_names_are_proposed_with_their_legal_form(name: str) -> None:
    """A company's name is one candidate, its form included."""
    assert name in _texts("name", f"made by and between {name} and others")


def test_names_do_not_cross_sentences() -> None:
    """The full stop of a sentence ends a name."""
    assert "Delays. Company" not in _texts(
        "name", "Due Dates and Delays. Company will use its best efforts."
    )


def test_quoted_aliases_are_proposed_without_their_quotes() -> None:
    """The defined name of a party is a candidate."""
    assert "the Company" in _texts("name", "Acme Inc. (“the Company”) agrees")


@pytest.mark.parametrize(
    "text",
    [
        "Exhibit 10.1\n\nCO-BRANDING AND SERVICES AGREEMENT\n\nThis agreement",
        "This Co-Branding and Services Agreement is made",
    ],
)
def test_titles_are_proposed_whole(text: str) -> None:
    """A title is the run of capitalised words up to its noun."""
    assert any(
        found.lower() == "co-branding and services agreement"
        for found in _texts("title", text)
    )


def test_hostile_text_takes_linear_time() -> None:
    """No repetition in a pattern runs away."""
    begun = time.perf_counter()
    for piece in (
        "A ",
        "A. ",
        "_",
        "[ ",
        "1 ",
        "May ",
        '"',
        "(A",
        "Agreement ",
        "  ",
        "A&",
        "A\n",
    ):
        candidates(piece * 50_000)
    assert time.perf_counter() - begun < 8


def _texts(kind: Kind, text: str) -> list[str]:
    return [text[one.start : one.end] for one in candidates(text) if one.kind == kind]
