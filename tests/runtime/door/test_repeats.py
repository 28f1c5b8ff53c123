"""Repeats: the policy is told in what a call equals the effects that the run had before."""

import json
from pathlib import Path

import pytest

from interlock.runtime.door.outcome import Done, Failed
from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.sameness import is_same
from interlock.runtime.testing import Effects, StaticPoint, World


class Letter(Value):
    """A letter."""

    text: str = ""
    to: str = ""


def tools() -> list[AnyTool]:
    """Return one tool that acts, one that does not, and one that reads."""

    @tool("mail.fail", action="write", codes=("full",))
    async def fail(permit: Permit, arguments: Letter) -> Letter:
        """Never send."""
        raise ToolFailed(code="full")

    effects = Effects()
    return [effects.tool("mail.send"), effects.tool("mail.read", "read"), fail]


async def test_the_policy_is_told_in_what_a_call_equals_each_earlier_effect(
    tmp_path: Path,
) -> None:
    """An effect of the same tool that was begun counts, in any order; what failed, what only read
    and the same call once more do not.
    """
    calls = (
        ("mail.send", {"text": "50", "to": "Ann"}),
        ("mail.send", {"text": "50.0", "to": "bob"}),
        ("mail.send", {"text": "other", "to": " ANN"}),
        ("mail.fail", {"text": "50"}),
        ("mail.fail", {"text": "50"}),
        ("mail.read", {"text": "50"}),
        ("mail.read", {"text": "50"}),
    )
    names = {name for name, _ in calls}
    point = StaticPoint(effects=dict.fromkeys(names, "permit"))
    async with World(tmp_path, tools=tools(), pdp=point) as world:
        run = await world.start(intent={"message.send": None})
        for number, (name, arguments) in enumerate(calls):
            outcome = await world.pep.enforce(
                run, tool=name, arguments=arguments, call_id=str(number)
            )
            assert isinstance(outcome, Failed if name == "mail.fail" else Done)
        again = await world.pep.enforce(
            run, tool="mail.send", arguments=calls[0][1], call_id="0"
        )

    assert isinstance(again, Done)
    assert [request.context.repeats for request in point.asked] == [
        (),
        (("text",),),
        ((), ("to",)),
        *[()] * 4,
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("50", 50),
        ("1,200.50", 1200.5),
        ("50", "50.00"),
        (" Ann  Lee", "annlee"),
        ("GB29 NWBK", "gb29nwbk"),
        ("2024-05-15 10:00", "2024-05-15T10:00:00"),
        (["a", "b"], "B"),
        (["a", "b"], ["b", "c"]),
        ([], None),
        ("", {}),
        ({"to": "A", "cc": []}, {"to": "a"}),
    ],
)
def test_the_same_in_other_letters_is_the_same(one: object, other: object) -> None:
    """Numbers, moments, case, blanks and the company in a list make no other value."""
    assert is_same(one, other), json.dumps([one, other])
    assert is_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("50", "5"),
        (50, 50.5),
        (True, 1),
        ("ann", "an"),
        (["a"], ["b"]),
        ("a", None),
        ({"to": "a", "amount": 5}, {"to": "a", "amount": 6}),
        ("05", 5),
    ],
)
def test_another_value_is_not_the_same(one: object, other: object) -> None:
    """What means something else is told apart."""
    assert not is_same(one, other)
