"""Whom a clause binds is read from its subject, and not guessed."""

import pytest

from interlock.tools.contracts.parties import Party
from interlock.tools.contracts.side import bound

OURS = Party(name="Northwind Ltd", aliases=["Northwind Ltd", "Customer"])
THEIRS = Party(name="Fabrikam Inc.", aliases=["Fabrikam Inc.", "Fabrikam", "Supplier"])


@pytest.mark.parametrize(
    ("clause", "side"),
    [
        ("Customer shall buy all its needs from Supplier.", "ours"),
        ("The Customer, during the Term, shall not engage another host.", "ours"),
        ("Customer agrees to purchase at least 500 units.", "ours"),
        ("Supplier shall not sell to others at a lower price.", "theirs"),
        (
            "Supplier hereby irrevocably assigns all rights in the Deliverables to Customer.",
            "theirs",
        ),
        ("Fabrikam grants to Northwind Ltd a perpetual licence.", "theirs"),
        ("Customer may audit the books of Supplier.", "theirs"),
        ("Customer shall have the right to inspect the records of Supplier.", "theirs"),
        ("Customer is entitled to receive the source code from escrow.", "theirs"),
        ("Supplier may audit the use of the Software.", "ours"),
        ("Supplier reserves the right to raise prices.", "ours"),
        ("Customer may not assign this Agreement.", "ours"),
        ("Customer cannot assign this Agreement.", "ours"),
        ("Neither party may assign this Agreement without consent.", "both"),
        ("Either Party may terminate this Agreement on thirty days' notice.", "both"),
        ("The parties shall jointly own the Results.", "both"),
        ("Supplier's total aggregate liability shall not exceed the fees.", "theirs"),
        (
            "In no event shall the aggregate liability of Customer exceed the fees.",
            "ours",
        ),
        ("IN NO EVENT SHALL SUPPLIER BE LIABLE FOR LOST PROFITS.", "theirs"),
        ("In no event will either party be liable for lost profits.", "both"),
        ("THE CUSTOMER SHALL NOT ASSIGN THIS AGREEMENT.", "ours"),
        ("All rights in the Deliverables shall be owned by Customer.", "theirs"),
        ("All Improvements shall vest in Supplier.", "ours"),
        ("Insurance of $1,000,000 shall be maintained by Supplier.", "theirs"),
        ("Customer shall pay the fees. Supplier shall keep the records.", "unclear"),
        ("This Agreement is governed by the laws of Ohio.", "unclear"),
        ("Licensee shall not sue.", "unclear"),
        ("Customers of the Reseller shall pay.", "unclear"),
        ("Supplier will exclusively own all Deliverables.", "ours"),
        (
            "In exchange for Customer's obligations, Supplier grants Customer exclusivity.",
            "theirs",
        ),
        ("This Agreement may not be assigned by a Party without consent.", "both"),
        ("", "unclear"),
    ],
)
def test_the_subject_tells_who_is_bound(clause: str, side: str) -> None:
    """A duty binds its subject, a right binds the other side, everybody is both, and what names
    nobody or both sides in turn is unclear.
    """
    assert bound(clause, ours=OURS, others=[THEIRS]) == side


def test_a_clause_reads_the_other_way_from_the_other_side() -> None:
    """What binds us binds them when we are they."""
    clause = "Customer may audit the books of Supplier."

    assert bound(clause, ours=THEIRS, others=[OURS]) == "ours"


def test_an_unnamed_other_side_is_not_guessed() -> None:
    """Where only our own name is known, somebody else's duty is unclear."""
    assert bound("Fabrikam shall pay.", ours=OURS, others=[]) == "unclear"
    assert bound("Customer shall pay.", ours=OURS, others=[]) == "ours"
