"""A whole plan as data: a list of steps in the form, or nothing at all."""

import json

import pytest

from interlock.agents.planning.draft import MOST, form, read
from interlock.agents.planning.step import Offer, Step

OFFER = Offer(name="fees.find", about="Find fees", arguments={"year": {"enum": [1]}})
ONE = {"tool": "fees.find", "arguments": {"year": 1}}


def test_the_form_names_every_offer_and_a_bound() -> None:
    """A draft has at least one step, and no more than are allowed."""
    steps = form([OFFER])["properties"]["steps"]

    assert (steps["minItems"], steps["maxItems"]) == (1, MOST)
    assert [one["properties"]["tool"] for one in steps["items"]["anyOf"]] == [
        {"const": "fees.find"}
    ]


def test_a_draft_is_its_steps_in_order() -> None:
    """Every step is read as one."""
    text = json.dumps({"steps": [ONE, ONE | {"arguments": {}}]})

    assert read(text) == [
        Step(tool="fees.find", arguments={"year": 1}),
        Step(tool="fees.find", arguments={}),
    ]


@pytest.mark.parametrize(
    "written",
    [
        "",
        "[]",
        "{}",
        json.dumps({"steps": []}),
        json.dumps({"steps": [ONE] * (MOST + 1)}),
        json.dumps({"steps": [ONE], "more": 1}),
        json.dumps({"steps": [ONE, {"tool": "fees.find"}]}),
        json.dumps({"steps": [ONE, None]}),
        "[" * 100_000,
    ],
)
def test_half_a_draft_is_none(written: str) -> None:
    """One step that is unreadable spoils the whole plan."""
    with pytest.raises(ValueError, match=r"."):
        read(written)
