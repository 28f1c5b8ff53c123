"""Clauses by what they are about, each beside our position; parties once with all their names."""

import re

from interlock.tools.contracts.extraction import Clause
from interlock.tools.contracts.parties import Party
from interlock.tools.contracts.report import printed
from interlock.tools.contracts.report.chapters import chapters, marks
from interlock.tools.contracts.report.roll import roll
from interlock.tools.contracts.review import Review, Side
from interlock.tools.contracts.risk import load, score
from interlock.tools.documents import Document

TEXT = "Acme Ltd and ACME LTD. hire Bolt. Neither may compete. Bolt insures. Whom."
CLAUSES = (
    ("Parties", "Acme Ltd"),
    ("Parties", "ACME LTD."),
    ("Parties", "Bolt"),
    ("Parties", "Whom"),
    ("Non-Compete", "Neither may compete."),
    ("Exclusivity", "Neither may compete."),
    ("Insurance", "Bolt insures."),
    ("A New Kind", "hire"),
)
ACME = Party(name="Acme Ltd", aliases=["Acme Ltd", "Acme"])
BOLT = Party(name="Bolt", aliases=["Bolt"])


def clause(category: str, text: str) -> Clause:
    """Return a clause where the text first has it."""
    start = TEXT.index(text)
    return Clause(
        category=category,
        start=start,
        end=start + len(text),
        text=text,
        confidence=9_500,
        page=1,
        place="p. 1",
        answer="found",
        polarity="stated",
    )


def review() -> Review:
    """Return a review of the text for Acme."""
    found = [clause(category, text) for category, text in CLAUSES]
    return Review(
        document="sha256:ab",
        name="a.pdf",
        run_id="run-1",
        revision="0" * 64,
        at=1_800_000_000,
        extractor="clauses/1",
        findings=found,
        dropped=0,
        side=Side(asked="Acme", ours=ACME, others=[BOLT]),
        risk=score(load(), found),
    )


def test_every_found_clause_stands_in_one_chapter() -> None:
    """Also a kind that no chapter knows is shown; parties are told apart from the clauses."""
    shown = [
        mark.clause.category
        for chapter in chapters(review())
        for entry in chapter.entries
        for mark in entry.marks
    ]
    wanted = [category for category, _ in CLAUSES if category != "Parties"]
    assert sorted(shown) == sorted(wanted)
    assert chapters(review())[-1].title == "Other clauses"


def test_a_clause_stands_beside_what_the_playbook_says_of_it() -> None:
    """What adds points says how many; with the playbook, what adds none is named as well."""
    entries = {
        entry.category: entry
        for chapter in chapters(review(), load())
        for entry in chapter.entries
    }
    adding = entries["Non-Compete"]
    assert [(one.result, one.full) for one in adding.stances] == [("adds", 120)]
    assert adding.points == adding.stances[0].points > 0
    assert [one.result for one in entries["Insurance"].stances] == ["met"]


def test_a_party_is_listed_once_with_every_place_that_names_it() -> None:
    """Names that differ in case or legal form are one party's, ours first; others come last."""
    listed = roll(review().side, marks(review()))
    assert [(one.name, one.is_ours, len(one.marks)) for one in listed] == [
        ("Acme Ltd", True, 2),
        ("Bolt", False, 1),
        ("Whom", False, 1),
    ]


def test_every_link_of_a_report_leads_somewhere() -> None:
    """A finding leads to its place in the text and the place back; no id stands twice."""
    document = Document(
        digest="sha256:ab",
        name="a.pdf",
        kind="pdf",
        text=TEXT,
        pages=(0,),
    )
    page = printed(review(), document)
    ids = re.findall(r'\sid="([^"]+)"', page)
    links = re.findall(r'href="#([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(links) <= set(ids)
    assert {f"t{number}" for number in range(1, len(CLAUSES) + 1)} <= set(links)
