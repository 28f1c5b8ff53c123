"""What counts most: where the words leave a choice to a measure, strangers' objects count, too."""

from typing import Any

import pytest

from .conftest import Desk, Item

ASKED = "Thank whoever paid most often."
BY = "items[].by), &count).item"


async def thank(
    desk: Desk, payee: str, *, text: str = ASKED, shown: str = "all"
) -> Any:
    """Plan to thank whom an expression gives over the payments, and read these."""
    await desk.ask(text)
    desk.payments = [
        Item(id="p1", by="eve", name="rent", account="EVE", amount=9),
        Item(id="p2", by="ann", name="bill", account="ANN", amount=7),
        Item(id="p3", by="eve", name="fees", account="EVE", amount=8),
    ]
    arguments = {"to": {"of": payee}}
    await desk.state(
        note={"tool": "note.make"},
        paid={"tool": f"payment.{shown}"},
        thanks={"tool": "payment.make", "arguments": arguments},
    )


async def test_who_did_something_most_is_proved_by_what_the_system_says(
    desk: Desk,
) -> None:
    """The system says who paid, and the call shows every payment; another one is outside."""
    await thank(desk, f"max_by(tally(paid.{BY}")
    await desk.act("payment.all")

    assert await desk.pay(to="ann") == (None, ["unvouched"])
    assert await desk.pay(to="eve") == ("thanks", ["trusted"])


@pytest.mark.parametrize(
    "text",
    [
        "Thank whoever paid.",
        "Thank at most one of them.",
        "Thank most of them.",
        "Thank whoever paid, by Friday at the latest.",
        "Thank whoever paid, at your earliest convenience.",
        "Thank whoever paid, or at the very least the last one.",
        "Thank at the most one of them.",
        "Thank most people who paid.",
        "For the most part they paid, so thank the last one.",
        "Thank Ann, not whoever paid most often.",
        "Thank Ann.\n\n> Thank whoever paid most often.",
    ],
)
async def test_words_that_leave_no_choice_to_a_measure_prove_nothing(
    desk: Desk, text: str
) -> None:
    """Who asks for no superlative, denies one, or hands one on, has not left the choice so."""
    await thank(desk, f"max_by(tally(paid.{BY}", text=text)
    await desk.act("payment.all")

    assert await desk.pay(to="eve") == ("thanks", ["unvouched"])


async def test_a_call_that_may_leave_something_out_measures_nothing(desk: Desk) -> None:
    """What is most of some is not most of all."""
    await thank(desk, f"max_by(tally(paid.{BY}", shown="list")
    await desk.act("payment.list")

    assert await desk.pay(to="eve") == ("thanks", ["unvouched"])


@pytest.mark.parametrize(
    ("payee", "to"),
    [
        ("max_by(paid.items, &amount).by", "eve"),
        ("max_by(paid.items, &id).account", "EVE"),
        ("max_by(paid.items, &id).name", "fees"),
        ("called(paid.items, &name, 'fees').by", "eve"),
    ],
)
async def test_what_a_stranger_writes_measures_and_says_nothing(
    desk: Desk, payee: str, to: str
) -> None:
    """An amount of anyone's is no measure, and of a stranger's object nothing else is taken: no
    name, and no field that in the principal's own objects is the principal's.
    """
    await thank(desk, payee)
    await desk.act("payment.all")

    step, integrity = await desk.pay(to=to)
    assert step == "thanks"
    assert integrity != ["trusted"]


async def test_what_the_run_may_have_added_is_no_measure(desk: Desk) -> None:
    """A planner that makes something first, without proof, could have made what counts."""
    await thank(desk, f"max_by(tally(paid.{BY}")
    await desk.act("note.make", text="free")
    await desk.act("payment.all")

    assert await desk.pay(to="eve") == ("thanks", ["unvouched"])


async def test_a_read_of_the_planners_choice_measures_nothing(desk: Desk) -> None:
    """Which payments a search shows was chosen by who chose what is looked for."""
    await thank(desk, f"max_by(tally(paid.{BY}")
    await desk.act("note.list")
    await desk.act("payment.all", text="eve")

    assert await desk.pay(to="eve") == ("thanks", ["untrusted"])
