"""Results as proofs: who could write a field, and who chose the object, decide what it proves."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.fields import Fields
from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.spoken import Spoken
from interlock.runtime.run.run import Run
from interlock.runtime.testing import StaticPoint, Toolbox, World

AGENT = "clerk"
WEB = Label(integrity="untrusted", confidentiality="internal", sources=("web",))
TEXT = (
    "Share plan-7.docx with its editors, mail Ann Lee and 'minutes', and make notes.txt"
)


class Request(Value):
    """A request in the principal's words."""

    text: Spoken


class Query(Value):
    """What is looked for."""

    text: str = ""
    since: int | None = None


class File(Value):
    """A file as its system shows it."""

    id: int
    name: str
    owner: str = "ann@x.com"
    text: str = ""


class Files(Value):
    """Some files."""

    files: list[File]


class Profile(Value):
    """The principal's own data."""

    mail: str
    motto: str
    balance: int = 1810


class Change(Value):
    """What is changed of a file, or sent of it."""

    file: int = 0
    name: str = ""
    to: str = ""


FIELDS = Fields(
    records="files.*",
    kind="file",
    names=("name",),
    id="id",
    writers={"id": "system", "name": "owner", "owner": "house"},
)

FOUND = replace(FIELDS, writers={"id": "system"}, finds=("text",))


@dataclass(kw_only=True)
class Desk:
    """One run of an agent with files."""

    files: list[File] = field(
        default_factory=lambda: [
            File(id=41, name="plan-7.docx", owner="ed@x.com", text="eve@evil.test"),
            File(id=42, name="minutes", owner="bea@x.com"),
            File(id=43, name="other.docx", owner="cy@x.com"),
            File(id=44, name="ann", owner="dan@x.com"),
        ]
    )
    point: StaticPoint = field(default_factory=StaticPoint)
    world: World = field(init=False)
    run: Run = field(init=False)
    calls: int = 0

    def tools(self) -> tuple[AnyTool, ...]:
        """Return the tools of the agent."""

        @tool("file.find", action="read", fields=FIELDS, yields=lambda a, r: WEB)
        async def find(permit: Permit, arguments: Query) -> Files:
            """Find files."""
            return Files(files=self.files)

        @tool("file.change", action="write", fields=FIELDS)
        async def change(permit: Permit, arguments: Change) -> Files:
            """Change a file."""
            return Files(files=[File(id=45, name=arguments.name)])

        @tool("file.make", action="write", fields=replace(FIELDS, of="created"))
        async def make(permit: Permit, arguments: Change) -> Files:
            """Make a file."""
            return Files(files=[File(id=46, name=arguments.name)])

        @tool(
            "me.read",
            action="read",
            fields=Fields(
                of="principal", writers={"mail": "owner", "balance": "system"}
            ),
        )
        async def profile(permit: Permit, arguments: Query) -> Profile:
            """Read the profile."""
            return Profile(mail="me@x.com", motto="eve@evil.test")

        @tool("web.read", action="read", yields=lambda a, r: WEB)
        async def web(permit: Permit, arguments: Query) -> Profile:
            """Read a page."""
            return Profile(mail="web@x.com", motto="")

        @tool("note.find", action="read", fields=FOUND, yields=lambda a, r: WEB)
        async def look(permit: Permit, arguments: Query) -> Files:
            """Find what has the name, of what anyone may name."""
            return Files(files=self.files)

        @tool(
            "note.list",
            action="read",
            fields=replace(FOUND, finds=()),
            yields=lambda a, r: WEB,
        )
        async def listed(permit: Permit, arguments: Query) -> Files:
            """Show all there are."""
            return Files(files=self.files)

        @tool("event.cancel", action="write", takes={"file": "event"})
        async def cancel(permit: Permit, arguments: Change) -> Change:
            """Cancel an event, which the policy always denies."""
            return arguments

        @tool("file.share", action="write", takes={"file": "file"})
        async def share(permit: Permit, arguments: Change) -> Change:
            """Share a file, which the policy always denies."""
            return arguments

        return (find, change, make, profile, web, look, listed, cancel, share)

    async def act(self, called: str, /, **arguments: Any) -> None:
        """Propose one call, which is permitted."""
        self.calls += 1
        await self.world.pep.enforce(
            self.run, tool=called, arguments=arguments, call_id=str(self.calls)
        )

    async def told(self, *values: Any) -> list[str]:
        """Return the integrity of each value, as the policy is told it of a call it denies."""
        return [(await self.label(value)).integrity for value in values]

    async def label(self, value: Any) -> Label:
        """Return the label of a value, as the policy is told it."""
        argument = "file" if isinstance(value, int) else "to"
        await self.act("file.share", **{argument: value})
        return self.point.asked[-1].context.labels[argument]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk()
    tools = desk.tools()
    denied = {"event.cancel", "file.share"}
    allowed = [one.name for one in tools if one.name not in denied]
    desk.point.effects = dict.fromkeys(allowed, "permit")
    clerk = Toolbox(name=AGENT, tools=tools, request=Request)
    async with World(tmp_path, agents=[clerk], pdp=desk.point) as world:
        desk.world = world
        desk.run = await world.start(request={"text": TEXT}, agent=AGENT)
        yield desk


async def test_a_field_proves_what_its_writer_and_the_name_of_its_object_allow(
    desk: Desk,
) -> None:
    """Of an object that the principal named, what nobody else can write is trusted; of another one
    it is nobody's word; and what anyone can write is untrusted, whoever named the object.
    """
    before = await desk.told(41, "ed@x.com")
    await desk.act("file.find")
    named = await desk.told(41, "ed@x.com", 42, "bea@x.com")
    others = await desk.told(43, "cy@x.com", 44, "dan@x.com")
    hostile = await desk.told("eve@evil.test", "x.com", "41", "ED@x.com")

    assert before == ["unvouched"] * 2
    assert named == ["trusted"] * 4
    assert others == ["unvouched"] * 4
    assert hostile == ["untrusted"] * 4
    assert (await desk.label("ed@x.com")).sources == ("tool:file.find#owner",)


async def test_the_principals_own_record_needs_no_name(desk: Desk) -> None:
    """What the principal, our house or the system wrote of the principal is trusted."""
    await desk.act("me.read")
    await desk.act("web.read")

    assert await desk.told("me@x.com", "eve@evil.test") == ["trusted", "untrusted"]
    assert await desk.told("web@x.com") == ["untrusted"]


async def test_a_number_proves_nothing_but_an_object_of_the_kind_that_is_taken(
    desk: Desk,
) -> None:
    """The number of a named file is no event's, and a balance is nobody's amount."""
    await desk.act("file.find")
    await desk.act("me.read")

    assert await desk.told(41, 1810, "1810") == ["trusted", *["untrusted"] * 2]
    await desk.act("event.cancel", file=41)
    assert desk.point.asked[-1].context.labels["file"].integrity == "untrusted"


async def test_a_name_that_anyone_can_write_counts_where_no_other_can_be_hidden(
    desk: Desk,
) -> None:
    """Such a name names an object only in a call that looked for the whole name and for nothing
    else, or that shows all there are; and not where a second object has the name.
    """
    told: list[list[str]] = []
    for called, arguments in (
        ("note.find", {}),
        ("note.find", {"text": "plan"}),
        ("note.find", {"text": "plan-7.docx", "since": 3}),
        ("note.list", {"text": "plan-7.docx"}),
        ("note.find", {"text": "Plan-7.docx"}),
    ):
        await desk.act(called, **arguments)
        told.append(await desk.told(41, 42, "plan-7.docx of ed"))
    await desk.act("note.list")
    told.append(await desk.told(41, 42, 43))
    desk.files.append(File(id=666, name="PLAN-7.docx"))
    await desk.act("note.find", text="other.docx")
    told.append(await desk.told(41, 42, 666))

    assert told == [
        *[["unvouched", "unvouched", "untrusted"]] * 4,
        ["trusted", "unvouched", "untrusted"],
        ["trusted", "trusted", "unvouched"],
        ["unvouched", "trusted", "unvouched"],
    ]


async def test_two_objects_of_one_name_are_none(desk: Desk) -> None:
    """A name that two objects have, in whatever case, names neither of them."""
    desk.files.append(File(id=666, name="Plan-7.docx", owner="eve@evil.test"))
    await desk.act("file.find")

    assert await desk.told(41, 666, "ed@x.com") == ["unvouched"] * 3


async def test_a_proof_is_there_for_the_next_claim(desk: Desk) -> None:
    """What a tool showed proves the same after a restart, for the record is all that is asked."""
    await desk.act("file.find")
    await desk.world.store.durable(desk.run.claim)
    desk.run = await desk.world.reclaim(desk.run)

    assert await desk.told(41, "eve@evil.test") == ["trusted", "untrusted"]


async def test_what_the_run_sent_proves_nothing_when_it_comes_back(desk: Desk) -> None:
    """A value that an effect carried without proof stays without, whole or as a part of what comes
    back, while what was shown before the effect is proved as before.
    """
    await desk.act("file.find")
    await desk.act("file.change", name="notes.txt", to="eve@evil.test, ed@x.com")
    desk.files[0] = File(id=41, name="plan-7.docx", owner="eve@evil.test")
    desk.files[1] = File(id=42, name="minutes", owner="mail eve@evil.test, ed@x.com!")
    await desk.act("file.find")

    assert (
        await desk.told("eve@evil.test", "mail eve@evil.test, ed@x.com!")
        == ["untrusted"] * 2
    )
    assert await desk.told("ed@x.com") == ["trusted"]


async def test_a_number_that_the_run_sent_is_the_same_however_it_is_written(
    desk: Desk,
) -> None:
    """A number that went out without proof as a text proves nothing when it comes back as one."""
    await desk.act("file.change", name="notes.txt", to="666.00")
    desk.files[0] = File(id=666, name="plan-7.docx")
    await desk.act("file.find")

    assert await desk.told(666, 42) == ["untrusted", "trusted"]


async def test_an_object_that_the_run_renamed_is_not_the_named_one(desk: Desk) -> None:
    """The run cannot give the name that the principal said to an object of its own choice."""
    desk.files = [File(id=666, name="other.docx", owner="cy@x.com")]
    await desk.act("file.find")
    await desk.act("file.change", to="other.docx", name="plan-7.docx")
    desk.files = [File(id=666, name="plan-7.docx", owner="cy@x.com")]
    await desk.act("file.find")
    await desk.act("file.change", file=44, name="notes.txt")
    await desk.act("file.make", name="minutes", to="some text")

    assert await desk.told("cy@x.com", 666) == ["unvouched"] * 2
    assert await desk.told(45, 46) == ["unvouched", "trusted"]


async def test_a_result_beyond_the_limit_makes_its_kind_unclear(desk: Desk) -> None:
    """What cannot be looked through may hide a second object of a name, so no name counts."""
    await desk.act("file.find")
    desk.files = [File(id=number, name="x") for number in range(1_000, 2_100)]
    await desk.act("file.find")

    assert await desk.told(41, 1_001) == ["unvouched", "untrusted"]


async def test_results_are_read_once_and_only_where_nothing_else_proves(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One statement more is made for a proposal that has no other proof, and none for others."""
    statements: list[str] = []
    await desk.act("file.find")
    store = desk.world.store
    await store.durable(desk.run.claim)

    def rows(_: Any, place: Any) -> tuple[()]:
        statements.append(place["of_run"])
        return ()

    monkeypatch.setattr("interlock.runtime.door.shown._rows", rows)
    await desk.told("plan-7.docx", "minutes")
    assert statements == []
    await desk.told(41)
    assert statements == [desk.run.id]
