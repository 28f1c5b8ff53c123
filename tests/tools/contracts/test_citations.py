"""Citations: a statement is grounded where its quotation and its numbers stand in the document."""

from typing import Any

import pytest

from interlock.runtime.door.outcome import Done
from interlock.tools.contracts.citations import Statement, checked, citation_tools
from interlock.tools.documents import Document

TEXT = (
    "1. Term.\n\n2. Notice. Either party may  terminate upon 60 days\u2019 notice.\n"
    "End. It has a fee of 1,5 percent, or 1,000,000 in all."
)
LEASE = Document(
    digest="sha256:aa", name="lease.txt", kind="txt", pages=(0,), text=TEXT
)


def fault(says: str, quotation: str, document: str = "sha256:aa") -> str | None:
    """Return why the statement is not grounded."""
    statement = Statement(says=says, document=document, quotation=quotation)
    result = checked(statement, {"sha256:aa": LEASE})
    assert (result.cites is None) == (result.fault is not None)
    return result.fault


@pytest.mark.parametrize(
    ("says", "quotation", "why"),
    [
        ("60 days", "either party may terminate upon 60 days' notice", None),
        ("60 days, by section 2", "may terminate upon 60 days", None),
        ("60 days, by line 2 of lease.txt", "may terminate upon 60 days", None),
        ("60 days, by line 23", "may terminate upon 60 days", "other_numbers"),
        ("2 days", "either party may terminate", "other_numbers"),
        ("15 percent", "a fee of 1,5 percent", "other_numbers"),
        ("1,5 percent", "a fee of 1,5 percent", None),
        ("of 1000000", "or 1,000,000 in all", None),
        ("Sixty days", "EITHER PARTY MAY TERMINATE", None),
        ("30 days", "may terminate upon 60 days", "other_numbers"),
        ("30 days", "may terminate upon 30 days", "not_there"),
        ("It ends", "party may not terminate", "not_there"),
        ("It ends", "terminate", "too_short"),
        ("It ends", " ... ", "no_quotation"),
        ("It ends", "", "no_quotation"),
    ],
)
def test_a_statement_is_grounded_or_says_why(
    says: str, quotation: str, why: str | None
) -> None:
    """Words and their order count, signs, case and blanks do not; a number that the place does not
    have spoils the statement.
    """
    assert fault(says, quotation) == why


def test_a_document_that_was_not_read_grounds_nothing() -> None:
    """A quotation of another document is none, whatever that document says."""
    assert fault("It ends", "either party may terminate", "sha256:bb") == "not_read"


def test_the_span_is_the_documents_own() -> None:
    """What is shown is the text of the document, and never the words of the model."""
    statement = Statement(
        says="It ends", document="sha256:aa", quotation="MAY terminate, upon 60 days"
    )
    cites = checked(statement, {"sha256:aa": LEASE}).cites

    assert cites is not None
    assert cites.text == TEXT[cites.start : cites.end] == "may  terminate upon 60 days"
    assert (cites.section, cites.place) == ("2", "line 2")


async def test_a_run_cites_what_it_read(office: Any) -> None:
    """The tool looks into the documents of its own run alone."""
    office.world.add(citation_tools(office.library)[0])
    office.world.pdp.effects["answers.check"] = "permit"
    run = await office.run()
    statements = [
        {"says": "New York", "document": digest, "quotation": "the State of New York"}
        for digest in ("sha256:ab", "sha256:zz")
    ]
    outcome = await office.propose(run, "answers.check", statements=statements)

    assert isinstance(outcome, Done)
    assert [one.fault for one in outcome.value.statements] == [None, "not_read"]  # type: ignore[attr-defined]  # the tool's result
