"""A desk with a bank, mail and files, whose clerk states a plan before it reads."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.fields import Fields
from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import Context
from interlock.runtime.policy.spoken import Spoken
from interlock.runtime.run.run import Run
from interlock.runtime.testing import StaticPoint, Toolbox, World
from interlock.tools.planning import planning

AGENT = "clerk"
WEB = Label(integrity="untrusted", confidentiality="internal", sources=("web",))


class Request(Value):
    """A request in the principal's words."""

    text: Spoken


class Query(Value):
    """What is looked for."""

    text: str = ""


class Search(Query):
    """What is looked for, of which day, and how many."""

    day: str = ""
    most: int | None = None


class Item(Value):
    """An object of some system: a payment, a supplier, a note."""

    id: str
    by: str = ""
    name: str = ""
    account: str = ""
    amount: int = 0
    text: str = ""


class Items(Value):
    """Some objects."""

    items: list[Item]


class Payment(Value):
    """What is paid to whom."""

    to: str
    amount: int = 0
    text: str = ""


class Names(Value):
    """Some names."""

    items: list[str]


class Post(Value):
    """What is posted in which room, and to whom else."""

    room: str
    text: str = ""
    person: str = ""


class Note(Value):
    """A note."""

    to: str = ""
    name: str = ""
    text: str = ""


#: The house keeps the suppliers; anybody writes notes, and pays
HOUSE = Fields(
    records="items.*",
    kind="supplier",
    names=("name",),
    id="id",
    writers={"id": "system", "name": "house", "account": "house", "amount": "house"},
    adds="house",
)
PAYMENTS = Fields(
    records="items.*",
    kind="payment",
    names=("name",),
    id="id",
    writers={"id": "system", "by": "system"},
    made_by="by",
    own=("me",),
)
NOTES = Fields(
    records="items.*", kind="note", names=("name",), id="id", writers={"id": "system"}
)
#: A member of the house makes a room, whoever may rename it since
ROOMS = Fields(
    records="items.*",
    kind="room",
    names=("",),
    writers={"": "anyone"},
    adds="house",
    finds=(),
)
#: Anybody writes the names on the cards that the house keeps
CARDS = Fields(
    records="items.*",
    kind="card",
    names=("name",),
    id="id",
    writers={"id": "system", "amount": "house"},
    adds="house",
    finds=(),
)
#: Anybody adds a meeting, and the house keeps its amount
MEETINGS = replace(
    CARDS,
    kind="meeting",
    adds="anyone",
    finds=("text",),
    narrows=("day",),
)
ANN = Item(id="s1", name="Ann", account="ANN-ACCOUNT", amount=40, text="cheap")
BOB = Item(id="s2", name="Bob", account="BOB-ACCOUNT", amount=60, text="good")


@dataclass(kw_only=True)
class Desk:
    """One run of the clerk."""

    suppliers: list[Item] = field(default_factory=lambda: [ANN, BOB])
    payments: list[Item] = field(default_factory=list)
    notes: list[Item] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)
    cards: list[Item] = field(default_factory=list)
    point: StaticPoint = field(default_factory=StaticPoint)
    world: World = field(init=False)
    run: Run = field(init=False)
    calls: int = 0

    def tools(self) -> tuple[AnyTool, ...]:
        """Return the tools of the clerk."""

        @tool("supplier.list", action="read", fields=HOUSE, yields=lambda a, r: WEB)
        async def suppliers(permit: Permit, arguments: Query) -> Items:
            """Show the suppliers."""
            return Items(items=self.suppliers)

        @tool("payment.list", action="read", fields=PAYMENTS, yields=lambda a, r: WEB)
        async def payments(permit: Permit, arguments: Query) -> Items:
            """Show the payments."""
            return Items(items=self.payments)

        every = replace(
            PAYMENTS, shows_all=True, writers={**PAYMENTS.writers, "account": "owner"}
        )

        @tool("payment.all", action="read", fields=every, yields=lambda a, r: WEB)
        async def all_payments(permit: Permit, arguments: Query) -> Items:
            """Show all payments."""
            return Items(items=self.payments)

        @tool("note.list", action="read", fields=NOTES, yields=lambda a, r: WEB)
        async def notes(permit: Permit, arguments: Query) -> Items:
            """Show the notes."""
            return Items(items=self.notes)

        @tool("room.list", action="read", fields=ROOMS, yields=lambda a, r: WEB)
        async def rooms(permit: Permit, arguments: Query) -> Names:
            """Show the rooms."""
            return Names(items=self.rooms)

        reads = (planning, suppliers, payments, all_payments, notes, rooms)
        return (*reads, *self.searches(), *self.effects())

    def searches(self) -> tuple[AnyTool, ...]:
        """Return the tools that show all cards, cards of a name, and meetings of a name."""

        @tool("card.list", action="read", fields=CARDS, yields=lambda a, r: WEB)
        async def cards(permit: Permit, arguments: Query) -> Items:
            """Show the cards."""
            return Items(items=self.cards)

        found = replace(CARDS, finds=("text",))

        @tool("card.find", action="read", fields=found, yields=lambda a, r: WEB)
        async def card(permit: Permit, arguments: Query) -> Items:
            """Find cards."""
            return Items(items=self.cards)

        @tool("meeting.find", action="read", fields=MEETINGS, yields=lambda a, r: WEB)
        async def find(permit: Permit, arguments: Search) -> Items:
            """Find meetings."""
            return Items(items=self.cards)

        return (cards, card, find)

    def effects(self) -> tuple[AnyTool, ...]:
        """Return the tools that have effects."""

        @tool(
            "room.post",
            action="irreversible",
            takes={"room": "room", "person": "card"},
        )
        async def post(permit: Permit, arguments: Post) -> Post:
            """Post in a room."""
            return arguments

        @tool("payment.make", action="irreversible")
        async def pay(permit: Permit, arguments: Payment) -> Payment:
            """Pay."""
            paid = {"id": f"p{self.calls}", "by": "me", "account": arguments.to}
            self.payments.append(Item(**paid, amount=arguments.amount))
            return arguments

        made = Fields(writers={"id": "system"}, id="id", kind="note", of="created")

        @tool("note.make", action="write", fields=made)
        async def make(permit: Permit, arguments: Note) -> Item:
            """Make a note."""
            return Item(id=f"n{self.calls}", name=arguments.name)

        return (post, pay, make)

    async def ask(self, text: str) -> None:
        """Begin another run, of a request in these words."""
        self.run = await self.world.start(request={"text": text}, agent=AGENT)

    async def act(self, called: str, /, **arguments: Any) -> Context:
        """Propose one call; return the facts that the policy was told."""
        self.calls += 1
        await self.world.pep.enforce(
            self.run, tool=called, arguments=arguments, call_id=str(self.calls)
        )
        return self.point.asked[-1].context

    async def state(self, **steps: Any) -> Context:
        """State a plan: each step as its tool and its arguments."""
        return await self.act(
            "plan.state",
            steps=[{"name": name, **step} for name, step in steps.items()],
        )

    async def pay(self, **arguments: Any) -> tuple[str | None, list[str]]:
        """Pay; return the step that it fits, and the integrity of each argument."""
        return await self.effect("payment.make", **arguments)

    async def effect(
        self, called: str, /, **arguments: Any
    ) -> tuple[str | None, list[str]]:
        """Have an effect; return the step that it fits, and the integrity of each argument."""
        context = await self.act(called, **arguments)
        return context.plan.step, [context.labels[name].integrity for name in arguments]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk()
    tools = desk.tools()
    desk.point.effects = dict.fromkeys([one.name for one in tools], "permit")
    clerk = Toolbox(name=AGENT, tools=tools, request=Request)
    async with World(tmp_path, agents=[clerk], pdp=desk.point) as world:
        desk.world = world
        desk.run = await world.start(
            request={"text": "Pay ACME-7 and them."}, agent=AGENT
        )
        yield desk
