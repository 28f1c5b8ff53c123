"""What the shipped finder and playbooks together say of contracts whose meaning is plain."""

from dataclasses import replace
from typing import Any

import pytest

from interlock.runtime.door.outcome import Done
from interlock.tools.contracts.review import Review

PREAMBLE = """SERVICES AGREEMENT

This Services Agreement is made between Northwind Traders Ltd ("Customer") and Fabrikam Cloud Inc.
("Supplier").

"""
LIABILITY = """1. Services. Supplier shall provide the services described in Exhibit A to Customer.
2. {liability}
3. Governing law. This Agreement shall be governed by the laws of Ireland.
"""
#: The same clause with a limit, and without any
PAIRS = [
    (
        "Each party's total aggregate liability shall not exceed the fees paid in the last year.",
        "Each party's total aggregate liability arising out of this Agreement shall be unlimited.",
    ),
    (
        "The liability of each party shall not exceed the fees, except for breach of secrecy.",
        "Each party's total aggregate liability arising out of this Agreement shall be unlimited.",
    ),
    (
        "In no event shall either party's liability exceed $100,000.",
        "Either party's liability is unlimited in all respects and no cap of any kind applies.",
    ),
    (
        "Neither party shall be liable for more than the total fees payable under this Agreement.",
        "There is no limit on the liability of either party under this Agreement.",
    ),
    (
        "The liability of each party is limited to direct damages up to an amount of $1,000,000.",
        "The liability of each party shall not be limited or capped in any way.",
    ),
    (
        "The maximum liability of either party is limited to the amounts paid in the past year.",
        "Nothing in this Agreement limits the liability of either party.",
    ),
    (
        "Liability of the parties under this Agreement shall be capped at 100% of the annual fees.",
        "Liability of the parties under this Agreement shall be uncapped.",
    ),
    (
        "Each party's liability for any claim shall be limited to the purchase price.",
        "Each party shall be liable without limitation for all damages under this Agreement.",
    ),
]
#: Each says the opposite of a kind of clause
DENIED = """1. Nothing in this Agreement shall restrict either party from competing with the other.
2. No liquidated damages are payable under this Agreement.
3. A change of control of either party shall have no effect on this Agreement.
4. Customer has no minimum purchase commitment under this Agreement.
5. Either party may freely assign this Agreement without the consent of the other.
6. The fees may be changed at any time, and no price is restricted.
7. This Agreement shall not renew automatically at the end of its term.
8. No share of revenue or profit is payable by either party.
9. Neither party has any right to audit the books or records of the other.
10. Neither party may terminate this Agreement for convenience.
11. Neither party is required to maintain any insurance.
12. The rights granted under this Agreement are not exclusive.
13. Neither party is prevented from soliciting the employees or customers of the other.
14. There are no third party beneficiaries of this Agreement.
15. No source code has to be placed in escrow.
16. No intellectual property is assigned or jointly owned under this Agreement.
17. Supplier has no duty to provide any services after termination of this Agreement.
"""


async def reviewed(office: Any, contract: Any, text: str, party: str = "") -> Review:
    """Return the review of that text for that party."""
    document = replace(contract, text=PREAMBLE + text, kind="txt")
    run = await office.run(read=document, request={"party": party})
    outcome = await office.propose(run, "contracts.review", document=document.digest)
    assert isinstance(outcome, Done)
    assert isinstance(outcome.value, Review)
    return outcome.value


@pytest.mark.parametrize("party", ["", "Customer", "Supplier"])
async def test_unlimited_liability_is_worse_than_a_cap(
    office: Any, contract: Any, party: str
) -> None:
    """In every pair of wordings, for either side or none, the contract without a limit scores
    worse.
    """
    scores = []
    for wordings in PAIRS:
        texts = [LIABILITY.format(liability=wording) for wording in wordings]
        risks = [(await reviewed(office, contract, text, party)).risk for text in texts]
        scores.append([risk.score for risk in risks])

    assert [pair for pair in scores if pair[0] >= pair[1]] == []


@pytest.mark.parametrize("party", ["", "Customer", "Supplier"])
async def test_a_contract_that_denies_everything_has_no_restriction(
    office: Any, contract: Any, party: str
) -> None:
    """Of seventeen sentences that each deny a kind of clause, none counts as being there, and none
    hides that the clause is missing.
    """
    review = await reviewed(office, contract, DENIED, party)
    risk = review.risk
    resting = [
        (part.category, part.when, ground.text)
        for part in risk.contributions
        for ground in part.rests_on
        if part.when != "absent"
    ]

    assert resting == []
    assert {each.polarity for each in review.findings if each.section} == {"denied"}
    if party != "Supplier":
        missing = {part.category: part.points for part in risk.contributions}
        assert missing["Termination For Convenience"] == 60
        assert missing["Insurance"] == 30


async def test_termination_for_cause_is_no_way_out(office: Any, contract: Any) -> None:
    """Termination if something has happened leaves a contract without a way out at will."""
    text = (
        "1. Either party may terminate this Agreement at any time if any of the following occur: a "
        "material breach by the other party that is not cured in thirty days, or insolvency.\n"
    )
    review = await reviewed(office, contract, text, "Customer")
    points = {part.category: part.points for part in review.risk.contributions}

    assert points["Termination For Convenience"] == 60


async def test_a_notice_period_is_missed_only_where_the_term_renews(
    office: Any, contract: Any
) -> None:
    """A contract that does not renew is neither charged for lacking a notice against renewal, nor
    asked about; one that renews is.
    """
    ending = "1. This Agreement begins on May 3, 2018 and ends on May 2, 2020.\n"
    renewing = (
        "1. The term shall renew automatically for successive periods of one year.\n"
    )
    charged = [
        "Notice Period To Terminate Renewal"
        in {part.category for part in review.risk.contributions}
        | {part.category for part in review.risk.questions}
        for review in (
            await reviewed(office, contract, ending),
            await reviewed(office, contract, renewing),
        )
    ]

    assert charged == [False, True]
