"""What the office's tools take and show, and who can write each field of what they show."""

from typing import Final

from pydantic import Field

from interlock.runtime.door.fields import Fields
from interlock.runtime.door.tool import Value


class Account(Value):
    """The principal's own account."""

    iban: str
    balance: int
    number: int


class Standing(Value):
    """A standing order."""

    id: int
    recipient: str
    amount: int


class Orders(Value):
    """The principal's standing orders."""

    orders: list[Standing]


class File(Value):
    """A file as the store shows it; its name is the owner's, who may be anybody of the house."""

    id: int
    name: str
    owner: str
    text: str = ""


class Files(Value):
    """Some files."""

    files: list[File]


class Event(Value):
    """An entry of the calendar."""

    id: int
    title: str
    people: list[str] = Field(default_factory=list)


class Events(Value):
    """Some entries of the calendar."""

    events: list[Event]


class Letters(Value):
    """Mail of anybody."""

    letters: list[str]


class Payment(Value):
    """Money to send."""

    recipient: str
    amount: int
    subject: str = ""


class Letter(Value):
    """A letter to send."""

    to: list[str]
    body: str = ""


class Named(Value):
    """An object by its id."""

    id: int


class Shared(Value):
    """A file by its id, and who is to see it."""

    id: int
    person: str


class Written(Value):
    """A file to make or to rename."""

    id: int = 0
    name: str
    text: str = ""


class Posted(Value):
    """A text in a channel."""

    channel: str
    text: str


FILES: Final = Fields(
    records="files.*",
    kind="file",
    names=("name",),
    id="id",
    writers={"id": "system", "name": "house", "owner": "system"},
)
EVENTS: Final = Fields(
    records="events.*",
    kind="event",
    names=("title",),
    id="id",
    writers={"id": "system", "title": "house", "people.*": "house"},
)
ORDERS: Final = Fields(
    records="orders.*",
    kind="standing order",
    id="id",
    of="principal",
    writers={"id": "system", "recipient": "owner", "amount": "owner"},
)
ACCOUNT: Final = Fields(
    of="principal",
    writers={"iban": "system", "balance": "system", "number": "system"},
)
