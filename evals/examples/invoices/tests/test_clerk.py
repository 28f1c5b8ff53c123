"""The clerk in a world of its own: the real door and ledger, and a policy that each test states."""

import json
from pathlib import Path

import pytest

from interlock import Principal
from interlock.testing import StaticPoint, World
from invoices import InvoiceClerk
from invoices.books import Books

ANN = Principal(id="ann", tenant="default", roles=("analyst",))
READS = {"invoices.read": "permit", "orders.lookup": "permit"}


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """Books with one order and two invoices, the second for more than was ordered."""
    orders = {"PO-1": {"supplier": "Acme Paper", "cents": 1_000}}
    invoices = {
        "INV-1": {"order": "PO-1", "cents": 900},
        "INV-2": {"order": "PO-1", "cents": 1_001},
    }
    (tmp_path / "orders.json").write_text(json.dumps(orders))
    (tmp_path / "invoices.json").write_text(json.dumps(invoices))
    return Books(folder=tmp_path)


async def test_an_invoice_that_agrees_is_paid(books: Books, tmp_path: Path) -> None:
    """The clerk pays what the invoice says, and the payment is in the books."""
    async with World(tmp_path / "world", agents=[InvoiceClerk(books)]) as world:
        run = await world.runtime.start(
            "invoices", {"invoice": "INV-1", "order": "PO-1"}, principal=ANN
        )
        ended = await world.runtime.drive(run)

    assert ended.outcome == {"outcome": "Done", "supplier": "Acme Paper", "cents": 900}
    assert books.payments() == [{"invoice": "INV-1", "order": "PO-1", "cents": 900}]


async def test_an_invoice_for_more_than_was_ordered_is_not_proposed(
    books: Books, tmp_path: Path
) -> None:
    """The clerk compares before it proposes a payment."""
    async with World(tmp_path / "world", agents=[InvoiceClerk(books)]) as world:
        run = await world.runtime.start(
            "invoices", {"invoice": "INV-2", "order": "PO-1"}, principal=ANN
        )
        ended = await world.runtime.drive(run)

    assert ended.outcome == {"outcome": "NotAgreed", "ordered": 1_000}
    assert books.payments() == []


async def test_a_payment_that_is_denied_is_not_made(
    books: Books, tmp_path: Path
) -> None:
    """A refusal ends the run with its reason codes, and the books stay as they were."""
    policy = StaticPoint(effects=READS)
    async with World(
        tmp_path / "world", agents=[InvoiceClerk(books)], pdp=policy
    ) as world:
        run = await world.runtime.start(
            "invoices", {"invoice": "INV-1", "order": "PO-1"}, principal=ANN
        )
        ended = await world.runtime.drive(run)

    assert ended.outcome == {"outcome": "Denied", "codes": ["not_granted"]}
    assert books.payments() == []
