"""Pages: text from a contract is text, whatever it looks like."""

import html

import pytest
from jinja2 import UndefinedError

from interlock.tools.contracts.extraction import Clause
from interlock.tools.contracts.report import TEMPLATES, printed
from interlock.tools.contracts.review import Review
from interlock.tools.contracts.risk import load, score
from interlock.tools.documents import Document
from interlock.tools.page import _environment, render, visible

HOSTILE = (
    '<script>alert(1)</script><img src=x onerror=alert(1)> & "quoted" {{ 7 * 7 }} '
    "</blockquote></table>"
)

#: Each kind of character that is not seen: format, control, line and paragraph ends, tags, fillers,
#: selectors, private, unassigned
HIDDEN = (
    "\u202e\u2066\u200b\ufeff\u200f\u00ad\u061c\u180e\ufff9\x00\x07\x1b\x7f\x85\r\u2028\u2029\U000e0041\U000e0001"
    "\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u180b\ufe00\ufe0f\U000e0100\ue000\U000f0000\ufdd0\uffff"
)


def page(text: str, *, name: str = "a.pdf", category: str = "Governing Law") -> str:
    """Return the report on a contract in which *text* was found."""
    found = Clause(
        category=category,
        start=0,
        end=len(text),
        text=text,
        confidence=4_900,
        page=1,
        answer="found",
        polarity="stated",
    )
    review = Review(
        document="sha256:ab",
        name=name,
        run_id="run-1",
        revision="0" * 64,
        at=1_800_000_000,
        extractor="clauses/1",
        findings=[found],
        dropped=0,
        risk=score(load(), [found]),
    )
    document = Document(
        digest="sha256:ab",
        name=name,
        kind="pdf",
        text=text,
        pages=(0,),
    )
    return printed(review, document)


def test_markup_in_a_clause_is_text() -> None:
    """Tags, entities and template syntax in a clause, or in a file's name, are shown, not
    obeyed.
    """
    shown = page(HOSTILE, name=HOSTILE)

    assert "<script" not in shown
    assert "<img" not in shown
    assert "{{ 7 * 7 }}" in html.unescape(shown)
    assert shown.count("</blockquote>") == 1
    # title, heading, risk, quotation, text
    assert html.unescape(shown).count(HOSTILE) == 5


@pytest.mark.parametrize("char", HIDDEN, ids=ascii)
def test_hidden_characters_are_shown(char: str) -> None:
    """A character that hides or reorders text is shown by its code point, in every value of the
    page.
    """
    code, seen = (
        f"\u27e8U+{ord(char):04X}\u27e9",
        page(f"pay{char}ment", name=f"{char}a.pdf", category=f"Governing{char} Law"),
    )

    assert visible(f"a{char}b") == f"a{code}b"
    # title, heading, the category and its two links, quotation, text
    assert seen.count(code) == 7
    assert char not in seen


@pytest.mark.parametrize(
    "text",
    [
        "a\tb\nc\fd",
        "caf\u00e9 \u2013 \u201cQuoted\u201d \u00a7 5",
        "\u5951\u7d04 \u05d7\u05d5\u05d6\u05d4 e\u0301",
    ],
)
def test_what_can_be_seen_stays(text: str) -> None:
    """Line ends, tabs, page breaks, letters of every script and their accents are left as they
    are.
    """
    assert visible(text) == text


def test_every_value_of_every_page_is_made_visible() -> None:
    """Whatever a template prints is filtered, without the template asking for it."""
    assert _environment(()).from_string("{{ a }}|{{ b.c }}").render(
        a="x\u202e", b={"c": "\x1b"}
    ) == ("x\u27e8U+202E\u27e9|\u27e8U+001B\u27e9")


def test_a_page_says_what_it_is_of() -> None:
    """A report names its run, when the document was read, the policy's revision, the clause finder
    and the document.
    """
    shown = html.unescape(page("text"))

    for wanted in ("2027-01-15 08:00 UTC", "run-1", "0" * 12, "clauses/1", "sha256:ab"):
        assert wanted in shown


def test_an_unsure_finding_says_so() -> None:
    """A finding below half confidence asks to be checked."""
    assert "please check" in page("text")


def test_a_missing_value_is_an_error() -> None:
    """A template that lacks a value fails; nothing is silently blank."""
    with pytest.raises(UndefinedError):
        render("review.html", folders=(TEMPLATES,), title="Review")
