"""What can be done with the books: read an invoice, look up an order, pay."""

from typing import Any

from interlock import Label, Permit, Tool, ToolFailed, Value, tool
from invoices.books import Books

#: An invoice says what a supplier claims: nothing in it may choose what is paid
CLAIMED = Label(integrity="untrusted", confidentiality="internal", sources=("invoice",))


class InvoiceNumber(Value):
    """Which invoice."""

    invoice: str


class Invoice(Value):
    """What a supplier claims: an amount in cents against an order."""

    invoice: str
    order: str
    cents: int


class OrderNumber(Value):
    """Which order."""

    order: str


class Order(Value):
    """What was ordered, from whom, for how many cents."""

    order: str
    supplier: str
    cents: int


class Payment(Value):
    """Pay an invoice: an amount in cents to the supplier of the order."""

    invoice: str
    order: str
    cents: int


class Paid(Value):
    """A payment that was made."""

    supplier: str
    cents: int


def invoice_tools(books: Books) -> tuple[Tool[Any, Any], ...]:
    """Return the three tools over *books*."""

    @tool(
        "invoices.read",
        action="read",
        yields=lambda _arguments, _result: CLAIMED,
        codes=("no_invoice",),
    )
    async def read(permit: Permit, arguments: InvoiceNumber) -> Invoice:
        """Read an invoice: what the supplier claims."""
        entry = _entry(books, "invoice", arguments.invoice)
        return Invoice(invoice=arguments.invoice, **entry)

    @tool("orders.lookup", action="read", codes=("no_order",))
    async def lookup(permit: Permit, arguments: OrderNumber) -> Order:
        """Look up an order: its supplier, and for how much it is."""
        entry = _entry(books, "order", arguments.order)
        return Order(order=arguments.order, **entry)

    @tool("invoices.pay", action="irreversible", idempotent=True, codes=("no_order",))
    async def pay(permit: Permit, arguments: Payment) -> Paid:
        """Pay an invoice to the supplier of its order, once."""
        entry = _entry(books, "order", arguments.order)
        books.pay(permit.key, arguments.model_dump())
        return Paid(supplier=entry["supplier"], cents=arguments.cents)

    return read, lookup, pay


def _entry(books: Books, kind: str, number: str) -> dict[str, Any]:
    entry = books.entry(f"{kind}s", number)
    if entry is None:
        raise ToolFailed(code=f"no_{kind}")
    return entry
