"""A planner that was taken over does not choose among the values that its plan names."""

from typing import Any

import pytest

from .conftest import Desk, Item

SUPPLIERS = {"tool": "supplier.list"}
PAYMENTS = {"tool": "payment.list"}
LAST = "payments.items[-1].account"


def pay(to: str) -> dict[str, Any]:
    """Return a payment to what an expression gives."""
    return {"tool": "payment.make", "arguments": {"to": {"of": to}}}


async def test_a_read_of_the_planners_choice_is_unknown_and_not_empty(
    desk: Desk,
) -> None:
    """A literal for "there is none" is not trusted where the planner looked for nothing."""
    await desk.state(
        suppliers=SUPPLIERS, paid=pay("not_null(suppliers.items[0].account, 'CY')")
    )
    desk.suppliers = []
    await desk.act("note.list")
    await desk.act("supplier.list", text="zzz")

    assert await desk.pay(to="CY") == ("paid", ["untrusted"])


async def test_what_the_run_touched_takes_no_object_out_of_the_choice(
    desk: Desk,
) -> None:
    """Who names the last payment in a note of its own does not make the one before it the last."""
    desk.payments = [
        Item(id=f"p{name}", by="me", name="rent", account=name)
        for name in ("BOB-ACCOUNT", "ANN-ACCOUNT")
    ]
    note = {"tool": "note.make"}
    await desk.state(note=note, payments=PAYMENTS, paid=pay(LAST))
    await desk.act("note.list")
    await desk.act("note.make", text="ANN-ACCOUNT")
    stranger = Item(id="p3", by="eve", name="rent", account="BOB-ACCOUNT")
    desk.payments.append(stranger)
    await desk.act("payment.list")

    assert await desk.pay(to="BOB-ACCOUNT") == ("paid", ["untrusted"])


async def test_what_the_run_sent_comes_back_otherwise_and_is_not_the_principals(
    desk: Desk,
) -> None:
    """A bank that shows an account without its blanks makes it no payment of the principal's."""
    first = {"tool": "payment.make", "arguments": {"amount": {"value": 1}}}
    await desk.state(first=first, payments=PAYMENTS, paid=pay(LAST))
    await desk.act("note.list")
    await desk.pay(to="GB29 NWBK 6016 1331 9268 19", amount=1)
    account = "GB29NWBK60161331926819"
    desk.payments = [Item(id="p1", by="me", name="rent", account=account)]
    await desk.act("payment.list")

    assert await desk.pay(to=account) == ("paid", ["untrusted"])


async def test_a_name_like_the_principals_is_another_name(desk: Desk) -> None:
    """Who made an object is told letter by letter."""
    await desk.state(payments=PAYMENTS, paid=pay(LAST))
    desk.payments = [Item(id="p1", by="ANA", name="rent", account="EVE-ACCOUNT")]
    await desk.act("payment.list")

    assert await desk.pay(to="EVE-ACCOUNT") == ("paid", ["untrusted"])


@pytest.mark.parametrize(
    "choice", ["*.items[].account|[-1]", "to_string(@)=='{}'&&'BOB-ACCOUNT'||'CY'"]
)
async def test_which_steps_are_done_chooses_nothing(desk: Desk, choice: str) -> None:
    """An expression looks at results by the names of their steps, never at all that there are."""
    await desk.state(suppliers=SUPPLIERS, others=SUPPLIERS, paid=pay(choice))
    if choice.startswith("*"):
        await desk.act("supplier.list")

    assert (await desk.pay(to="BOB-ACCOUNT"))[0] is None
