"""Pages: text from a contract is text, whatever it looks like."""

import html

import pytest
from jinja2 import UndefinedError

from interlock.tools.extraction import Clause
from interlock.tools.report import printed, render
from interlock.tools.report.page import visible
from interlock.tools.review import Review
from interlock.tools.risk import load, score

HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(1)> & "quoted" {{ 7 * 7 }} </blockquote></table>'


def page(text: str, *, name: str = "a.pdf") -> str:
    """Return the report on a contract in which *text* was found."""
    found = Clause(category="Governing Law", start=0, end=len(text), text=text, confidence=4_900, page=1)
    review = Review(
        document="sha256:ab", name=name, run_id="run-1", revision="0" * 64, at=1_800_000_000, extractor="clauses/1",
        findings=[found], risk=score(load(), ["Governing Law"]),
    )  # fmt: skip
    return printed(review).decode()


def test_markup_in_a_clause_is_text() -> None:
    """Tags, entities and template syntax in a clause, or in a file's name, are shown, not obeyed."""
    shown = page(HOSTILE, name=HOSTILE)

    assert "<script" not in shown
    assert "<img" not in shown
    assert "{{ 7 * 7 }}" in html.unescape(shown)
    assert shown.count("</blockquote>") == 1
    assert html.unescape(shown).count(HOSTILE) == 3  # title, heading, quotation


@pytest.mark.parametrize("char", ["\u202e", "\u2066", "\u200b", "\ufeff", "\u2028"[:0] + "\u200f"])
def test_hidden_characters_are_shown(char: str) -> None:
    """A character that hides or reorders text is shown by its code point."""
    code = f"\u27e8U+{ord(char):04X}\u27e9"

    assert visible(f"a{char}b") == f"a{code}b"
    assert code in page(f"pay{char}ment")
    assert char not in page(f"pay{char}ment")


def test_an_unsure_finding_says_so() -> None:
    """A finding below half confidence asks to be checked."""
    assert "please check" in page("text")


def test_a_missing_value_is_an_error() -> None:
    """A template that lacks a value fails; nothing is silently blank."""
    with pytest.raises(UndefinedError):
        render("review.html", title="Review")
