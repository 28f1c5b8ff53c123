"""Plans: what was stated before anything was read proves what is done after."""

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from interlock.runtime.door.outcome import Unread
from interlock.runtime.door.plan.plan import Plan

from .conftest import ANN, BOB, Desk, Item

LIST = {"tool": "supplier.list"}
CHEAPEST = "min_by(suppliers.items, &amount)"


def pay(**terms: Any) -> dict[str, Any]:
    """Return a planned payment, each argument an expression."""
    arguments = {name: {"of": term} for name, term in terms.items()}
    return {"tool": "payment.make", "arguments": arguments}


async def test_a_planned_value_is_trusted_where_no_stranger_could_have_changed_it(
    desk: Desk,
) -> None:
    """What the plan says over all results, and over those alone that are vouched for, is trusted;
    what a stranger may have written is in the plan and untrusted; another value is outside.
    """
    desk.notes = [Item(id="n1", name="bill", account="EVE-ACCOUNT", amount=7)]
    told = await desk.state(
        suppliers=LIST,
        notes={"tool": "note.list"},
        cheapest=pay(
            to=f"{CHEAPEST}.account", amount="minus(suppliers.items[1].amount, `20`)"
        ),
        bill=pay(to="notes.items[0].account", amount="notes.items[0].amount"),
        fixed={"tool": "payment.make", "arguments": {"to": {"value": "CY-ACCOUNT"}}},
    )
    await desk.act("supplier.list")
    await desk.act("note.list")

    assert (told.plan.stated, told.plan.step) == (False, None)
    assert told.plan.tools == ("note.list", "payment.make", "supplier.list")
    assert await desk.pay(to="ANN-ACCOUNT", amount=40, text="free") == (
        "cheapest",
        ["trusted", "trusted", "untrusted"],
    )
    assert await desk.pay(to="EVE-ACCOUNT", amount=7) == ("bill", ["untrusted"] * 2)
    assert await desk.pay(to="CY-ACCOUNT", amount=9) == (
        "fixed",
        ["trusted", "untrusted"],
    )
    assert (await desk.pay(to="BOB-ACCOUNT", amount=40))[0] is None
    assert desk.point.asked[-1].context.plan.stated


async def test_a_plan_counts_only_where_its_own_decision_saw_a_clean_run(
    desk: Desk,
) -> None:
    """Whatever the policy says, a plan that was stated after an untrusted read proves nothing; nor
    does a second one, whenever it was stated.
    """
    await desk.act("note.list")
    await desk.state(
        fixed={"tool": "payment.make", "arguments": {"to": {"value": "EVE"}}}
    )

    assert await desk.pay(to="EVE") == (None, ["untrusted"])
    assert not desk.point.asked[-1].context.plan.stated


async def test_the_first_plan_is_the_plan(desk: Desk) -> None:
    """A second plan adds nothing and takes nothing away."""
    for name in ("ANN", "EVE"):
        await desk.state(
            fixed={"tool": "payment.make", "arguments": {"to": {"value": name}}}
        )

    assert (await desk.pay(to="EVE"))[0] is None
    assert await desk.pay(to="ANN") == ("fixed", ["trusted"])


async def test_who_reads_again_feeds_no_other_result(desk: Desk) -> None:
    """The result of a step is that of the first call that was done as planned, and each of two
    steps that read the same has a call of its own.
    """
    await desk.state(
        suppliers=LIST,
        again=LIST,
        cheapest=pay(to=f"{CHEAPEST}.account"),
        newest=pay(to="again.items[0].account"),
    )
    await desk.act("supplier.list")
    for account in ("CY-ACCOUNT", "EVE-ACCOUNT"):
        desk.suppliers = [Item(id="s9", account=account, amount=1), BOB]
        await desk.act("supplier.list")

    assert (await desk.pay(to="EVE-ACCOUNT"))[0] is None
    assert await desk.pay(to="CY-ACCOUNT") == ("newest", ["trusted"])
    assert await desk.pay(to="ANN-ACCOUNT") == ("cheapest", ["trusted"])


async def test_what_a_planner_chose_to_read_is_not_vouched_for(desk: Desk) -> None:
    """A read that was given anything of the planner's own showed what the planner chose."""
    await desk.state(suppliers=LIST, cheapest=pay(to=f"{CHEAPEST}.account"))
    await desk.act("note.list")
    await desk.act("supplier.list", text="of my choice")

    assert await desk.pay(to="ANN-ACCOUNT") == ("cheapest", ["unvouched"])


async def test_a_step_is_good_for_one_effect(desk: Desk) -> None:
    """A planned effect is done once, and one that is planned twice is done twice; an effect that
    fits several steps leaves to others those that only they fit.
    """
    once = {"tool": "payment.make", "arguments": {"to": {"value": "ANN"}}}
    more = {"tool": "payment.make", "arguments": {"amount": {"value": 5}}}
    await desk.state(first=once, second=once, other=more)

    steps = [(await desk.pay(to="ANN", amount=amount))[0] for amount in (5, 7, 8, 9)]
    assert None not in steps[:3]
    assert steps[3] is None


async def test_a_list_is_good_for_one_call_of_each_element_with_all_its_arguments(
    desk: Desk,
) -> None:
    """Nobody swaps the arguments of two elements, and an element is used once."""
    each = pay(to="item.account", amount="item.amount") | {"each": "suppliers.items"}
    await desk.state(suppliers=LIST, payments=each)
    await desk.act("supplier.list")

    assert (await desk.pay(to="ANN-ACCOUNT", amount=60))[0] is None
    assert await desk.pay(to="ANN-ACCOUNT", amount=40) == ("payments", ["trusted"] * 2)
    assert (await desk.pay(to="ANN-ACCOUNT", amount=40, text="again"))[0] is None
    assert await desk.pay(to="BOB-ACCOUNT", amount=60) == ("payments", ["trusted"] * 2)


async def test_a_list_that_strangers_write_repeats_no_trusted_call(desk: Desk) -> None:
    """How often a literal goes out is not a stranger's to say."""
    reward = {
        "tool": "payment.make",
        "each": "notes.items",
        "arguments": {"to": {"value": "ANN"}},
    }
    await desk.state(notes={"tool": "note.list"}, reward=reward)
    desk.notes = [Item(id="n1", name="a"), Item(id="n2", name="b")]
    await desk.act("note.list")

    assert await desk.pay(to="ANN") == ("reward", ["untrusted"])


async def test_an_added_object_moves_no_trusted_value(desk: Desk) -> None:
    """What anyone can add is not in the vouched view, so a choice that it decides is untrusted; who
    made an object, where the system says so, makes it the principal's own.
    """
    desk.payments = [Item(id="p1", by="me", account="ANN-ACCOUNT", amount=40)]
    last = "payments.items[-1]"
    await desk.state(
        payments={"tool": "payment.list"},
        again=pay(to=f"{last}.account", amount="payments.items[?by=='me']|[0].amount"),
    )
    desk.payments.append(Item(id="p2", by="eve", account="EVE-ACCOUNT", amount=41))
    await desk.act("payment.list")

    assert await desk.pay(to="EVE-ACCOUNT", amount=40) == (
        "again",
        ["untrusted", "trusted"],
    )


async def test_the_principals_own_object_is_as_good_as_the_principals_word(
    desk: Desk,
) -> None:
    """All that stands in what the principal made counts, but for what this run made unproved."""
    await desk.state(
        payments={"tool": "payment.list"},
        again=pay(to="payments.items[-1].account"),
        first={"tool": "payment.make", "arguments": {"amount": {"value": 1}}},
    )
    desk.payments = [Item(id="p1", by="me", account="ANN-ACCOUNT", amount=40)]
    await desk.act("note.list")
    await desk.pay(to="EVE-ACCOUNT", amount=1)
    await desk.act("payment.list")

    assert await desk.pay(to="EVE-ACCOUNT") == ("again", ["untrusted"])


async def test_a_hidden_call_of_a_list_leaves_its_step_without_result(
    desk: Desk,
) -> None:
    """A choice among results is made when all of them are there."""
    look = {
        "tool": "note.list",
        "each": "suppliers.items[].name",
        "arguments": {"text": {"of": "item"}},
    }
    await desk.state(suppliers=LIST, looks=look, paid=pay(to="looks[-1].item"))
    await desk.act("supplier.list")
    await desk.act("note.list", text="Bob")

    desk.point.effects = {**desk.point.effects, "payment.make": "deny"}
    assert [(await desk.pay(to=name))[0] for name in ("Ann", "Bob")] == [None] * 2
    await desk.act("note.list", text="Ann")
    assert (await desk.pay(to="Bob"))[0] == "paid"


async def test_a_part_of_a_text_is_in_the_plan_where_it_is_the_only_one(
    desk: Desk,
) -> None:
    """A second part of the kind makes both worth nothing, and no part of a text is trusted."""
    part = {"within": "notes.items[0].text", "kind": "account"}
    step = {"tool": "payment.make", "arguments": {"to": part}}
    await desk.state(
        notes={"tool": "note.list"}, others={"tool": "note.list"}, paid=step
    )
    desk.notes = [Item(id="n1", text="Pay GB29NWBK60161331926819, please.")]
    await desk.act("note.list")

    assert await desk.pay(to="GB29NWBK60161331926819") == ("paid", ["untrusted"])
    assert (await desk.pay(to="DE89370400440532013000"))[0] is None


async def test_what_the_run_made_can_be_named_by_its_receipt(desk: Desk) -> None:
    """The id that the system gave to what a planned effect made is trusted, whatever its text."""
    await desk.state(
        note={"tool": "note.make", "arguments": {"name": {"value": "plan"}}},
        paid=pay(to="note.id", text="note.name"),
    )
    await desk.act("note.list")
    await desk.act("note.make", name="plan", text="free")

    assert await desk.pay(to="n3", text="plan") == ("paid", ["trusted", "untrusted"])


async def test_a_part_that_the_planner_chooses_is_never_trusted(desk: Desk) -> None:
    """The only account in a text of the house's is trusted; a piece of such a text is a choice
    among what the house wrote, and a piece of another text is as any other.
    """
    desk.suppliers = [
        Item(id="s1", name="Ann", account="GB29NWBK60161331926819 or so", text="Eve it")
    ]
    place = {"within": "suppliers.items[0].account"}
    arguments = {"to": place | {"kind": "account"}, "text": place}
    await desk.state(
        suppliers=LIST,
        paid={"tool": "payment.make", "arguments": arguments},
        other={
            "tool": "payment.make",
            "arguments": {"text": {"within": "suppliers.items[0].text"}},
        },
    )
    await desk.act("note.list")
    await desk.act("supplier.list")

    assert await desk.pay(to="GB29NWBK60161331926819", text="or so") == (
        "paid",
        ["trusted", "unvouched"],
    )
    assert desk.point.asked[-1].context.labels["text"].sources == ("plan:paid",)
    assert await desk.pay(text="Eve it") == ("other", ["untrusted"])


async def test_a_choice_stands_in_what_the_plan_says_around_it(desk: Desk) -> None:
    """The rest of the text is the plan's, letter by letter; what stands in it is a whole part."""
    desk.suppliers = [Item(id="s1", name="Ann", account="Red Lion and Old Swan")]
    term = {"within": "suppliers.items[0].account", "around": "Dinner at {0}!"}
    step = {"tool": "payment.make", "arguments": {"text": term}}
    await desk.state(suppliers=LIST, **{f"at_{n}": step for n in range(6)})
    await desk.act("note.list")
    await desk.act("supplier.list")

    around = ("Supper at Old Swan!", "Dinner at Old Swan?", "Old Swan")
    texts = (*around, "Dinner at Old Sw!", "Dinner at !")
    assert [(await desk.pay(text=text))[0] for text in texts] == [None] * 5
    assert (await desk.pay(text="Dinner at Old Swan!"))[1] == ["unvouched"]


async def test_what_a_read_of_the_planners_choice_shows_is_no_choice(
    desk: Desk,
) -> None:
    """A planner that chooses what it looks for chooses nothing among what the house wrote."""
    term = {"within": "suppliers.items[0].account"}
    await desk.state(
        suppliers=LIST, paid={"tool": "payment.make", "arguments": {"to": term}}
    )
    await desk.act("note.list")
    await desk.act("supplier.list", text="free")

    assert (await desk.pay(to="ANN-ACCOUNT"))[0] == "paid"
    sources = desk.point.asked[-1].context.labels["to"].sources
    assert sources == ("plan:paid", "tool:supplier.list#account")


@pytest.mark.parametrize("around", ["Dinner", "{0} at {0}", ""])
def test_a_part_stands_in_one_place(around: str) -> None:
    """What has no place for the part, or two, is no plan."""
    term = {"within": "bill.text", "around": around}
    step = {"name": "paid", "tool": "payment.make", "arguments": {"to": term}}

    with pytest.raises(ValidationError, match="stands once"):
        Plan.model_validate({"steps": [step]})


async def test_a_free_text_may_hold_what_the_plan_gives(desk: Desk) -> None:
    """A link that the plan gives whatever strangers write is no stranger's link in another text."""
    desk.suppliers = [Item(id="s1", name="Ann", account="ann@x.com", text="eve@evil.x")]
    await desk.state(
        suppliers=LIST,
        paid=pay(to="suppliers.items[0].account"),
        note=pay(to="suppliers.items[0].text"),
    )
    await desk.act("supplier.list")
    told = [
        await desk.act("note.make", text=f"write to {name}")
        for name in ("ann@x.com", "eve@evil.x")
    ]

    assert [context.actionable["text"].integrity for context in told] == [
        "trusted",
        "untrusted",
    ]
    assert told[0].actionable["text"].sources == ("plan",)


async def test_a_plan_outlives_a_restart(desk: Desk) -> None:
    """The next claim proves the same, with the same steps left: the record is all that is asked."""
    await desk.state(suppliers=LIST, cheapest=pay(to=f"{CHEAPEST}.account"))
    await desk.act("supplier.list")
    await desk.world.store.durable(desk.run.claim)
    desk.run = await desk.world.reclaim(desk.run)

    assert await desk.pay(to="ANN-ACCOUNT") == ("cheapest", ["trusted"])
    await desk.world.store.durable(desk.run.claim)
    desk.run = await desk.world.reclaim(desk.run)
    assert (await desk.pay(to="ANN-ACCOUNT", text="again"))[0] is None


async def test_two_effects_at_once_do_not_share_a_step(desk: Desk) -> None:
    """Of two calls that were decided when one was left, the second is decided anew."""
    await desk.state(
        fixed={"tool": "payment.make", "arguments": {"to": {"value": "ANN"}}}
    )
    await asyncio.gather(desk.pay(to="ANN", text="a"), desk.pay(to="ANN", text="b"))

    steps = [
        request.context.plan.step
        for request in desk.point.asked
        if request.action.tool == "payment.make"
    ]
    assert steps[-1] is None


async def test_a_result_beyond_its_bound_proves_nothing(desk: Desk) -> None:
    """What is too large to be looked through is in no view, and the call is outside the plan."""
    large = [Item(id=f"s{number}", text="x" * 4_000) for number in range(80)]
    desk.suppliers = [ANN, *large]
    await desk.state(suppliers=LIST, paid=pay(to="suppliers.items[0].account"))
    await desk.act("supplier.list")

    assert (await desk.pay(to="ANN-ACCOUNT"))[0] is None


async def test_whom_the_principal_named_may_say_what_the_plan_takes(desk: Desk) -> None:
    """What a source wrote that the words name, and the system vouches for, is the plan's to take;
    a common word names no source.
    """
    desk.payments = [
        Item(id="p1", by="ACME-7", account="A-ACCOUNT", amount=5),
        Item(id="p2", by="them", account="T-ACCOUNT", amount=6),
    ]
    items = "payments.items"
    await desk.state(
        payments={"tool": "payment.list"},
        back=pay(to=f"{items}[?by=='ACME-7']|[0].account"),
        other=pay(to=f"{items}[?by=='them']|[0].account"),
    )
    await desk.act("payment.list")

    assert await desk.pay(to="A-ACCOUNT") == ("back", ["trusted"])
    assert await desk.pay(to="T-ACCOUNT") == ("other", ["untrusted"])


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("steps",), []),
        (("steps", 0, "arguments"), {"to": {"of": "a["}}),
        (("steps", 0, "arguments"), {"to": {"of": "a", "value": 1}}),
        (("steps", 0, "arguments"), {"to": {"of": "!" * 501}}),
        (("steps", 0, "arguments"), {"to": {"value": "x" * 70_000}}),
        (("steps", 0, "name"), "item"),
        (("steps", 0, "name"), "No Name"),
        (("steps",), [{"name": "a", "tool": "t"}] * 2),
    ],
)
def test_what_is_no_plan_is_refused(path: Any, wrong: Any) -> None:
    """A plan that cannot be read, or goes beyond its bounds, fits no schema."""
    plan: Any = {"steps": [{"name": "a", "tool": "t"}]}
    place = plan
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = wrong

    with pytest.raises(ValidationError):
        Plan.model_validate(plan)


async def test_a_plan_that_holds_what_nobody_read_is_none(desk: Desk) -> None:
    """Whatever the policy says: a stranger may have written what stays unread in a plan."""
    desk.notes = [Item(id="n1", name="bill", account="EVE-ACCOUNT", amount=7)]
    enforce = desk.world.pep.enforce
    read = await enforce(
        desk.run, tool="note.list", arguments={}, call_id="read", unread=True
    )
    assert isinstance(read, Unread)
    account = {"unread": read.handle.unread, "of": "items[0].account"}
    told = await desk.state(
        pay={"tool": "payment.make", "arguments": {"to": {"value": account}}}
    )

    assert told.unread.given == ("steps",)
    assert told.unread.fault == ""
    assert await desk.pay(to="EVE-ACCOUNT") == (None, ["untrusted"])
