"""A review takes the side that the run's request names, by the playbook of that side."""

from dataclasses import replace
from typing import Any

import pytest

from interlock.runtime.door.outcome import Done, Failed
from interlock.tools.contracts.review import Review
from interlock.tools.documents import Document

TEXT = """HOSTING AGREEMENT

This Hosting Agreement is made as of May 3, 2018 between Northwind Traders Ltd ("Customer") and
Fabrikam Cloud Inc. ("Supplier").

1. Audit. Customer may, on ten days' notice, audit the books and records of Supplier.
2. Ownership. Supplier hereby assigns to Customer all right, title and interest, including all
intellectual property rights, in the Deliverables.
3. Escrow. Supplier shall deposit the source code of the Software with an escrow agent.
4. Change of control. Customer may terminate this Agreement if Supplier has a change of control.
5. Assignment. Neither party may assign this Agreement without the consent of the other party.
6. Governing law. This Agreement shall be governed by the laws of Ireland.
"""
RIGHTS_OF_THE_CUSTOMER = {
    "Audit Rights",
    "Ip Ownership Assignment",
    "Source Code Escrow",
    "Change Of Control",
}


def hosting(contract: Document, text: str = TEXT) -> Document:
    """Return a document of that text."""
    return replace(contract, text=text, kind="txt")


async def reviewed(office: Any, document: Document, **request: str) -> Review:
    """Return what a run makes of the document on that request."""
    run = await office.run(read=document, request=request)
    outcome = await office.propose(run, "contracts.review", document=document.digest)
    assert isinstance(outcome, Done)
    assert isinstance(outcome.value, Review)
    return outcome.value


def counted(review: Review) -> set[str]:
    """Return the categories that count as being there."""
    return {
        part.category for part in review.risk.contributions if part.when == "present"
    }


async def test_the_rights_of_our_side_are_no_risk(office: Any, contract: Any) -> None:
    """What the customer may do counts for the supplier and not for the customer, and what binds
    both counts for both.
    """
    document = hosting(contract)
    ours = await reviewed(office, document, party="Northwind")
    theirs = await reviewed(office, document, party="Supplier")

    assert counted(ours) & RIGHTS_OF_THE_CUSTOMER == set()
    assert counted(theirs) >= RIGHTS_OF_THE_CUSTOMER
    assert "Anti-Assignment" in counted(ours) & counted(theirs)
    assert ours.risk.score < theirs.risk.score


async def test_a_side_is_named_and_scored_by_its_playbook(
    office: Any, contract: Any
) -> None:
    """A review says who we are, who they are, and which playbook scored it, by its digest."""
    document = hosting(contract)
    ours = await reviewed(office, document, party="customer")
    theirs = await reviewed(office, document, party="Fabrikam Cloud")
    chosen = await reviewed(office, document, party="customer", playbook="supplier")

    assert ours.side.ours is not None
    assert ours.side.ours.name == "Northwind Traders Ltd"
    assert [party.name for party in ours.side.others] == ["Fabrikam Cloud Inc"]
    assert ours.risk.playbook_digest == office.playbooks.named("customer").digest
    assert theirs.risk.playbook_digest == office.playbooks.named("supplier").digest
    assert chosen.risk.playbook_digest == office.playbooks.named("supplier").digest


@pytest.mark.parametrize("party", ["", "Initech"])
async def test_an_unknown_side_leaves_every_side_unclear(
    office: Any, contract: Any, party: str
) -> None:
    """Without a party, or with one that the contract does not name, nobody is ours, and what could
    bind us counts.
    """
    review = await reviewed(office, hosting(contract), party=party)

    assert (review.side.asked, review.side.ours) == (party, None)
    assert len(review.side.others) == 2
    assert {clause.bound for clause in review.findings} == {"unclear", "nobody"}
    assert counted(review) >= RIGHTS_OF_THE_CUSTOMER


async def test_an_unknown_playbook_scores_nothing(office: Any, contract: Any) -> None:
    """A playbook that is not there stops the review by name."""
    document = hosting(contract)
    run = await office.run(read=document, request={"playbook": "vendor"})
    outcome = await office.propose(run, "contracts.review", document=document.digest)

    assert isinstance(outcome, Failed)
    assert outcome.code == "playbook_unknown"
    assert "customer, supplier" in outcome.detail


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hello.", "document_too_short"),
        (
            "Der Vertrag verlängert sich um ein Jahr, wenn er nicht gekündigt wird. "
            * 9,
            "document_not_english",
        ),
        (
            "She went to the river and looked at the water for a long time. " * 9,
            "document_no_contract",
        ),
    ],
)
async def test_what_is_no_contract_gets_no_risk(
    office: Any, contract: Any, text: str, code: str
) -> None:
    """No review, record or report is made of a text that is no English contract."""
    document = hosting(contract, text)
    run = await office.run(read=document)
    outcomes = [
        await office.propose(run, tool, document=document.digest)
        for tool in ("contracts.review", "records.file", "report.write")
    ]

    assert [type(outcome) for outcome in outcomes] == [Failed] * 3
    assert [outcome.code for outcome in outcomes] == [
        code,
        "not_reviewed",
        "not_reviewed",
    ]
    assert await office.records.list() == []


async def test_a_clause_says_where_it_stands(office: Any, contract: Any) -> None:
    """A clause of a text has a line and a section, and no page is made up."""
    review = await reviewed(office, hosting(contract))
    (law,) = [each for each in review.findings if each.category == "Governing Law"]

    assert (law.page, law.place, law.section) == (0, "line 10", "6")
