"""The labels of arguments at the door: what proves a value, and what does not."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.spoken import Spoken
from interlock.runtime.run.run import Run
from interlock.runtime.testing import StaticPoint, Toolbox, World

AGENT = "clerk"
WEB = Label(integrity="untrusted", confidentiality="internal", sources=("web",))


class Said(Value):
    """A request in the principal's words, and a text that is no such word."""

    text: Spoken
    path: str


class Line(Value):
    """A line of a letter."""

    words: str


class Letter(Value):
    """A letter with what may be left out."""

    to: str
    body: str = ""
    copies: list[str] | None = None
    lines: list[Line] = Field(default_factory=list)
    number: int = 7


@tool("letter.send", action="irreversible")
async def send(permit: Permit, arguments: Letter) -> Letter:
    """Send a letter."""
    return arguments


@tool("web.read", action="read", yields=lambda a, r: WEB)
async def read(permit: Permit, arguments: Letter) -> Letter:
    """Read a page."""
    return arguments


TOOLS: tuple[AnyTool, ...] = (send, read)
REQUEST = {
    "text": "Write to ann@x.com about room 12, see www.x.com/plan, copy bob@x.com",
    "path": "from eve@x.com",
}


class Desk:
    """One run of an agent whose request has words."""

    def __init__(self, world: World, point: StaticPoint, run: Run) -> None:
        self.world, self.point, self.run = world, point, run
        self._calls = 0

    async def told(self, name: str = "letter.send", **arguments: Any) -> Any:
        """Propose a letter; return the facts that the policy was told."""
        self._calls += 1
        await self.world.pep.enforce(
            self.run, tool=name, arguments=arguments, call_id=str(self._calls)
        )
        return self.point.asked[-1].context


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    point = StaticPoint(effects={"letter.send": "permit", "web.read": "permit"})
    clerk = Toolbox(name=AGENT, tools=TOOLS, request=Said)
    async with World(tmp_path, agents=[clerk], pdp=point) as world:
        run = await world.start(request=REQUEST, agent=AGENT)
        yield Desk(world, point, run)


async def test_an_argument_is_as_good_as_its_worst_leaf(desk: Desk) -> None:
    """A value in the words is trusted with its place, a whole field as before, and a default of the
    schema by the schema; whatever else stands beside them makes the argument the agent's own word.
    """
    context = await desk.told(
        to="ann@x.com",
        body="from eve@x.com",
        copies=["bob@x.com", "ann@x.com"],
        lines=[{"words": "room 12"}, {"words": "room 13"}],
        number=12,
    )

    labels = {
        name: (label.integrity, label.sources) for name, label in context.labels.items()
    }
    assert labels == {
        "to": ("trusted", ("principal:text[9:18]",)),
        "body": ("trusted", ("principal",)),
        "copies": ("trusted", ("principal:text[59:68]", "principal:text[9:18]")),
        "lines": ("unvouched", ("agent", "principal", "principal:text[25:32]")),
        "number": ("trusted", ("principal:text[30:32]",)),
    }


async def test_nothing_is_no_value_that_the_principal_chose(desk: Desk) -> None:
    """An empty value is trusted where the schema says it by itself, in one form or another; where
    a tool must be told where to send, nothing names nobody.
    """
    context = await desk.told(to="", copies=[], lines=[])
    other = await desk.told(to="ann@x.com", body="")

    assert {
        name: context.labels[name].integrity for name in ("to", "copies", "lines")
    } == {
        "to": "unvouched",
        "copies": "trusted",
        "lines": "trusted",
    }
    assert other.labels["body"].sources == ("schema",)


async def test_only_the_words_are_looked_through(desk: Desk) -> None:
    """A part of a field that is not marked proves nothing, nor does a default in another place."""
    proved = await desk.told(to="ann@x.com", number=7)
    unproved = await desk.told(to="eve@x.com", body="x.com", copies=[""], number=8)
    other = await desk.told(to="7")

    names = sorted(Letter.model_fields)
    assert _integrity(proved) == dict.fromkeys(names, "trusted")
    assert _integrity(unproved) == dict.fromkeys(names, "unvouched") | {
        "lines": "trusted"
    }
    assert _integrity(other)["to"] == "unvouched"


async def test_what_can_be_acted_on_has_a_label_of_its_own(desk: Desk) -> None:
    """Text of the agent's own is free to hold what the principal said, and nothing else that a
    reader would follow.
    """
    texts = {
        "hello, nothing here": "trusted",
        "hello, see www.x.com/plan!": "trusted",
        "hello, see www.x.com/plant!": "unvouched",
        "hello, mail ann@x.com": "trusted",
        "hello, mail eve@x.com or ann@x.com": "unvouched",
        "hello" + " " * 100_000: "unvouched",
    }
    told = [await desk.told(to="ann@x.com", body=text) for text in texts]

    assert [context.actionable["body"].integrity for context in told] == list(
        texts.values()
    )
    assert told[0].labels["body"].integrity == "unvouched"


async def test_what_a_run_holds_does_not_grow_with_every_value(desk: Desk) -> None:
    """The run's own label names whole sources: the principal, and no place in the words."""
    await desk.told(to="ann@x.com")
    await desk.world.store.durable(desk.run.claim)
    held = (await desk.world.runs.read(desk.run.id)).label

    assert held.sources == ("principal",)


async def test_what_was_read_taints_the_own_word_and_no_proof(desk: Desk) -> None:
    """After an untrusted read the agent's own word is untrusted, and the words still prove."""
    await desk.told("web.read", to="ann@x.com")
    context = await desk.told(to="ann@x.com", body="hello")

    assert context.labels["to"].integrity == "trusted"
    assert context.labels["body"].integrity == "untrusted"
    assert context.actionable["body"].integrity == "trusted"


def _integrity(context: Any) -> dict[str, str]:
    return {name: label.integrity for name, label in context.labels.items()}
