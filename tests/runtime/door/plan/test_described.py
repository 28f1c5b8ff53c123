"""Descriptions: a plan chooses the one object whose name it describes, whoever wrote the name."""

import pytest

from .conftest import Desk, Item

PROVED = ("post", ["trusted"])
PLANNED = ("post", ["untrusted"])
OUTSIDE = (None, ["untrusted"])


async def stated(desk: Desk, expression: str, argument: str = "room") -> None:
    """State a plan that posts in what an expression gives over rooms and cards, and read."""
    await desk.state(
        rooms={"tool": "room.list"},
        cards={"tool": "card.list"},
        notes={"tool": "note.list"},
        post={"tool": "room.post", "arguments": {argument: {"of": expression}}},
    )
    await desk.act("room.list")
    await desk.act("card.list")
    await desk.act("note.list")


@pytest.mark.parametrize(
    "expression",
    [
        "starting(rooms.items, &@, 'great')",
        "ending(rooms.items, &@, ' hall')",
        "containing(rooms.items, &@, 'eat ha')",
        "called(rooms.items, &@, 'great hall')",
    ],
)
async def test_the_one_that_is_described_is_proved(desk: Desk, expression: str) -> None:
    """By its beginning, its end, a part or the whole of its name; no other room is."""
    desk.rooms = ["attic", "Great Hall", "cellar"]
    await stated(desk, expression)

    assert await desk.effect("room.post", room="attic") == OUTSIDE
    assert await desk.effect("room.post", room="Great Hall") == PROVED


@pytest.mark.parametrize(
    ("rooms", "expression"),
    [
        (["Great Hall", "great hut"], "starting(rooms.items, &@, 'great')"),
        (["hall", "attic"], "starting(rooms.items, &@, 'great')"),
        (["Great Hall", "attic"], "starting(rooms.items, &@, 'gr')"),
        (["Great Hall", "attic"], "starting(rooms.items, &@, ' ')"),
        (["Great Hall", "Great Hall"], "starting(unique(rooms.items), &@, 'great')"),
        (["www.great.com", "Great Hall"], "starting(rooms.items, &@, 'www.great')"),
    ],
)
async def test_what_describes_two_or_none_proves_nothing(
    desk: Desk, rooms: list[str], expression: str
) -> None:
    """A second one that fits, none, a text that fits by chance, a name that is a link."""
    desk.rooms = rooms
    await stated(desk, expression)

    for room in rooms:
        assert (await desk.effect("room.post", room=room))[1] == ["untrusted"]


async def test_a_second_one_of_a_stranger_makes_it_ambiguous(desk: Desk) -> None:
    """What anyone can add is never chosen, and beside it neither is what the house has."""
    desk.notes = [Item(id="n1", name="Great Eve")]
    desk.cards = [Item(id="c1", name="Great Ann")]
    both = "[cards.items, notes.items][]"
    await stated(desk, f"starting({both}, &name, 'great').name", "person")

    told = await desk.effect("room.post", person="Great Eve", room="x")
    assert told == (None, ["untrusted", "untrusted"])
    told = await desk.effect("room.post", person="Great Ann", room="x")
    assert told == (None, ["untrusted", "untrusted"])


async def test_the_fields_of_what_is_described_are_proved_as_ever(desk: Desk) -> None:
    """What the house wrote of the described card is proved, and what anyone wrote is not."""
    desk.cards = [Item(id="c1", name="Great Ann", amount=40, text="EVE")]
    card = "starting(cards.items, &name, 'great')"
    await desk.state(
        cards={"tool": "card.list"},
        pay={
            "tool": "payment.make",
            "arguments": {
                "amount": {"of": f"{card}.amount"},
                "to": {"of": f"{card}.text"},
            },
        },
    )
    await desk.act("card.list")

    assert await desk.pay(amount=40, to="EVE") == ("pay", ["trusted", "untrusted"])


@pytest.mark.parametrize("is_given", [False, True])
async def test_a_name_that_the_run_gave_describes_nothing(
    desk: Desk, *, is_given: bool
) -> None:
    """What the run itself called so without proof may be what its planner wants to be chosen."""
    desk.cards = [Item(id="c1", name="Great Ann", amount=40)]
    amount = {"of": "starting(cards.items, &name, 'great').amount"}
    await desk.state(
        cards={"tool": "card.list"},
        note={"tool": "note.make"},
        pay={"tool": "payment.make", "arguments": {"amount": amount}},
    )
    await desk.act("card.list")
    await desk.act("note.make", name="Great Ann" if is_given else "other")

    integrity = "untrusted" if is_given else "trusted"
    assert await desk.pay(amount=40, to="x") == ("pay", [integrity, "untrusted"])


@pytest.mark.parametrize(
    ("looked", "part", "integrity"),
    [
        ("reat", "great", "trusted"),
        ("great ann", "great", "untrusted"),
        ("", "great", "untrusted"),
    ],
)
async def test_a_search_has_every_object_that_fits_where_the_part_has_what_was_looked_for(
    desk: Desk, looked: str, part: str, integrity: str
) -> None:
    """Another search leaves out some that fit, so that the one that is left was chosen by it."""
    desk.cards = [
        Item(id="c1", name="Great Ann", amount=40),
        Item(id="c2", name="Small Ann, once Great"),
    ]
    card = f"starting(cards.items, &name, '{part}')"
    await desk.state(
        cards={"tool": "card.find", "arguments": {"text": {"value": looked}}},
        pay={"tool": "payment.make", "arguments": {"amount": {"of": f"{card}.amount"}}},
    )
    await desk.act("card.find", text=looked)

    assert await desk.pay(amount=40, to="x") == ("pay", ["untrusted", integrity][::-1])


async def test_what_is_counted_counts_for_what_nobody_else_can_add(desk: Desk) -> None:
    """How often the house has an amount is proved; how often strangers paid is not."""
    desk.suppliers = [Item(id=f"s{n}", amount=n // 2) for n in range(1, 6)]
    desk.payments = [Item(id=f"p{n}", by="eve", amount=7) for n in range(3)]
    most = "max_by(tally({}.items[].amount), &count)"
    await desk.state(
        suppliers={"tool": "supplier.list"},
        payments={"tool": "payment.list"},
        pay={
            "tool": "payment.make",
            "arguments": {
                "amount": {"of": most.format("suppliers") + ".item"},
                "to": {"of": f"text('{{0}}', [{most.format('payments')}.count])"},
            },
        },
    )
    await desk.act("supplier.list")
    await desk.act("payment.list")

    assert await desk.pay(amount=1, to="3") == ("pay", ["trusted", "untrusted"])
