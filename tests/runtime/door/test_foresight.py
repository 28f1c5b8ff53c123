"""What the policy would say of a plan is what it says of each step when the step is reached."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from interlock.runtime.door.door import MOST_PLANS, Door
from interlock.runtime.door.foresight import Foreseen
from interlock.runtime.door.plan.plan import Plan, PlannedStep, Term
from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.decision import Decision, Effect, Permit, Reason
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.testing import REVISION, Effects, StaticPoint, World

WEB = Label(integrity="untrusted", confidentiality="internal", sources=("web",))


class Bounded(Value):
    """Arguments that no blank fits."""

    kind: str
    to: list[str]


@tool("page.read", action="read", failing=WEB)
async def page(permit: Permit, arguments: Bounded) -> Bounded:
    """Read a page."""
    return arguments


@dataclass
class Picky(StaticPoint):
    """A policy that denies one argument, whatever it is."""

    refused: str = ""
    seen: list[AccessRequest] = field(default_factory=list)

    async def decide(self, request: AccessRequest) -> Decision:
        """Deny the argument where the request has it."""
        self.seen.append(request)
        if self.refused not in request.action.arguments:
            return await super().decide(request)
        reason = Reason(
            code="picky", rule="static", parameters={"argument": self.refused}
        )
        return Decision(
            effect="deny",
            reasons=(reason,),
            obligations=(),
            revision=REVISION,
            engine="static",
        )


def named(step: str, name: str, **literals: str) -> PlannedStep:
    """Return a planned step with literals."""
    arguments = {key: Term(value=value) for key, value in literals.items()}
    return PlannedStep(name=step, tool=name, arguments=arguments)


async def foreseen(
    folder: Path, policy: Picky, *steps: PlannedStep, tools: tuple[AnyTool, ...] = ()
) -> list[Foreseen]:
    """Foresee a plan in a new world, in which nothing is to be left of that."""
    notes = Effects()
    every = (notes.tool("note.add"), notes.tool("note.send", "irreversible"), *tools)
    async with World(folder, tools=every, pdp=policy) as world:
        run = await world.start()
        door = Door(pep=world.pep, run=run).offering(*world.tools)
        before = len(await world.entries())
        told = await door.foresee(Plan(steps=list(steps)))
        assert len(await world.entries()) == before
    assert notes.done == []
    return told


async def test_each_step_is_told_as_the_policy_would_decide(tmp_path: Path) -> None:
    """A step is permitted, waits for a person, or is denied with its codes; nothing is recorded."""
    policy = Picky(
        effects={"note.send": "permit"},
        waiting=frozenset({"note.send"}),
        refused="nothing",
    )
    told = await foreseen(
        tmp_path,
        policy,
        named("one", "note.send", text="a", to="b"),
        named("two", "note.add", text="a", to="b"),
        named("three", "note.burn"),
    )

    assert [(one.verdict, one.codes) for one in told] == [
        ("ask", ()),
        ("deny", ("not_granted",)),
        ("deny", ("plan_unknown",)),
    ]
    assert [one.action_class for one in told] == ["irreversible", "write", None]


async def test_what_is_not_known_yet_is_no_ground_to_deny(tmp_path: Path) -> None:
    """A denial for an argument that is still a blank is none, and is told as open; with a value it
    is one.
    """
    effects: dict[str, Effect] = {"note.add": "permit"}
    blank = Picky(effects=effects, refused="text")
    known = Picky(effects=effects, refused="text")
    first = await foreseen(tmp_path / "1", blank, named("one", "note.add", to="b"))
    second = await foreseen(
        tmp_path / "2", known, named("one", "note.add", text="a", to="b")
    )

    assert (first[0].verdict, first[0].blanks) == ("open", ("text",))
    assert (second[0].verdict, second[0].codes) == ("deny", ("picky",))


async def test_the_facts_are_those_of_the_step_when_it_is_reached(
    tmp_path: Path,
) -> None:
    """A later step is judged after what the earlier ones read and did, at their worst, and beside
    the plan that names it.
    """
    policy = Picky(
        effects=dict.fromkeys(["note.add", "page.read"], "permit"), refused="nothing"
    )
    await foreseen(
        tmp_path,
        policy,
        named("look", "page.read", kind="a"),
        named("first", "note.add", text="a", to="b"),
        named("second", "note.add", text="b", to="b"),
        tools=(page,),
    )
    look, first, second = (request.context for request in policy.seen)

    assert look.run.label is not None
    assert look.run.label.integrity == "trusted"
    assert first.run.label is not None
    assert first.run.label.integrity == "untrusted"
    assert (first.done, second.done) == ({}, {"note.add": 1})
    assert second.done_here == ("note.add", "page.read")
    assert (second.plan.stated, second.plan.step) == (True, "second")
    assert second.labels["text"].sources == ("plan:second",)


async def test_a_claim_asks_about_so_many_plans(tmp_path: Path) -> None:
    """Asking costs nothing and is not recorded, so it has a bound, whoever is shown what."""
    effects = Effects()
    async with World(tmp_path, tools=[effects.tool("note.write")]) as world:
        door = Door(pep=world.pep, run=await world.start())
        short = Plan(steps=[named("a", "note.write", text="x")])
        for _ in range(MOST_PLANS):
            await door.foresee(short)
        with pytest.raises(BadInput, match="plans are the most"):
            await door.offering("note.write").foresee(short)
