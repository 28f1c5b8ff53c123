"""Earlier effects: the policy is told in what a call says the same as each."""

import json
from pathlib import Path

import pytest

from interlock.runtime.door.outcome import Done, Failed, Unknown, Waiting
from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import EarlierEffect
from interlock.runtime.policy.sameness import is_same
from interlock.runtime.testing import Effects, StaticPoint, World


class Letter(Value):
    """A letter."""

    text: str = ""
    to: str = ""


def tools() -> list[AnyTool]:
    """Return two tools that act, one that reads, one that fails and one that breaks."""

    @tool("mail.fail", action="write", codes=("full",))
    async def fail(permit: Permit, arguments: Letter) -> Letter:
        """Never send."""
        raise ToolFailed(code="full")

    @tool("mail.lose", action="write")
    async def lose(permit: Permit, arguments: Letter) -> Letter:
        """Break, so that nobody knows whether the letter was sent."""
        raise OSError

    effects = Effects()
    return [
        effects.tool("mail.send"),
        effects.tool("chat.post"),
        effects.tool("mail.read", "read"),
        fail,
        lose,
    ]


async def test_the_policy_is_told_what_each_earlier_effect_said_alike(
    tmp_path: Path,
) -> None:
    """An effect of whichever tool that was begun counts, in any order; what failed, what only read
    and the same call once more do not, and a call that only reads is told of none.
    """
    calls = (
        ("mail.send", {"text": "50", "to": "Ann"}),
        ("chat.post", {"text": "50.0", "to": ""}),
        ("mail.send", {"text": "ann", "to": " ANN"}),
        ("mail.fail", {"text": "50"}),
        ("mail.fail", {"text": "x"}),
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
    first, second, third, fourth, _, look = [
        request.context.earlier for request in point.asked
    ]
    assert (first, look) == ((), ())
    assert second == (_mailed(text=("text",)),)
    assert third == (
        EarlierEffect(
            tool="chat.post",
            settled=True,
            said=("text",),
            same={"text": (), "to": ()},
        ),
        _mailed(text=("to",), to=("to",)),
    )
    assert len(fourth or ()) == 3


def _mailed(**same: tuple[str, ...]) -> EarlierEffect:
    return EarlierEffect(
        tool="mail.send",
        settled=True,
        said=("text", "to"),
        same=same,
    )


async def test_an_effect_of_which_nobody_knows_is_told_as_that(tmp_path: Path) -> None:
    """What a tool began and did not end is no effect that is known to have happened."""
    point = StaticPoint(effects={"mail.lose": "permit"})
    async with World(tmp_path, tools=tools(), pdp=point) as world:
        run = await world.start(intent={"message.send": None})
        for number in range(2):
            outcome = await world.pep.enforce(
                run, tool="mail.lose", arguments={"to": "a"}, call_id=str(number)
            )
            assert isinstance(outcome, Unknown)

    first, told = [request.context.earlier for request in point.asked]
    assert first == ()
    assert told == (
        EarlierEffect(
            tool="mail.lose",
            settled=False,
            said=("to",),
            same={"to": ("to",)},
        ),
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("50", 50),
        ("1,200.50", 1200.5),
        ("50", "50.00"),
        (" Ann  Lee", "annlee"),
        ("GB29 NWBK", "gb29nwbk"),
        ("GB29 NWBK", "GB29-NWBK"),
        ("#general", "general"),
        ("ann.lee@x.example", "<ann.lee@x.example>"),
        ("Bob", "'Bob'"),
        ("2024-05-15 10:00", "2024-05-15T10:00:00"),
        (["a", "b"], "B"),
        (["a", "b"], ["b", "c"]),
        ([], None),
        ("", {}),
        ({"to": "A", "cc": []}, {"to": "a"}),
    ],
)
def test_the_same_in_other_letters_is_the_same(one: object, other: object) -> None:
    """Numbers, moments, case, blanks, marks and the company in a list make no other value."""
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
        (-50, 50),
        (1.5, 15),
        ("?", "!"),
    ],
)
def test_another_value_is_not_the_same(one: object, other: object) -> None:
    """What means something else is told apart."""
    assert not is_same(one, other)


async def test_an_effect_tells_which_questions_it_overtook(tmp_path: Path) -> None:
    """The questions about a call that were asked before another effect was begun are told, those
    that were asked since and those about other calls are not.
    """
    point = StaticPoint(
        effects={"mail.send": "permit", "chat.post": "permit"},
        waiting=frozenset({"chat.post"}),
    )
    letter = {"text": "x", "to": "a"}
    async with World(tmp_path, tools=tools(), pdp=point) as world:
        run = await world.start(intent={"message.send": None})
        calls = (
            ("chat.post", "early"),
            ("mail.send", "sent"),
            ("chat.post", "late"),
            ("chat.post", "early"),
            ("chat.post", "late"),
        )
        outcomes = [
            await world.pep.enforce(run, tool=name, arguments=letter, call_id=call)
            for name, call in calls
        ]

    early = outcomes[0]
    assert isinstance(early, Waiting)
    told = [request.context.earlier for request in point.asked]
    overtook = [effect.overtook for earlier in told for effect in earlier or ()]
    assert overtook == [(), (early.approval_id,), ()]
