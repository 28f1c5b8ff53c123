"""What the bank's tools take and show, and who can write each field of what they show."""

from typing import Final

from interlock.runtime.door.fields import Fields
from interlock.runtime.door.tool import Value


class Account(Value):
    """The principal's own account, with a note that is private."""

    iban: str
    balance: int
    note: str


class Booking(Value):
    """A booking on the statement; whoever pays writes its subject and his own name."""

    id: int
    sender: str
    recipient: str
    amount: int
    subject: str


class Statement(Value):
    """Some bookings."""

    bookings: list[Booking]


class Payee(Value):
    """An account under a name that the principal gave it."""

    id: int
    name: str
    account: str


class Payees(Value):
    """Some payees."""

    payees: list[Payee]


class Order(Value):
    """A standing order under a name that the principal gave it."""

    id: int
    name: str
    recipient: str
    amount: int


class Orders(Value):
    """Some standing orders."""

    orders: list[Order]


class Bill(Value):
    """A bill, in the words of whoever sent it."""

    text: str


class Payment(Value):
    """Money to send now."""

    recipient: str
    amount: int
    subject: str = ""


class Scheduled(Value):
    """Money to send on a day."""

    recipient: str
    amount: int
    date: str = ""


class Renewed(Value):
    """A standing order by its id, and its new amount."""

    id: int
    amount: int


class Named(Value):
    """An object by its id."""

    id: int


class Kept(Value):
    """A payee to keep."""

    name: str
    account: str


class Told(Value):
    """A text for the bank's own people."""

    text: str


class Reached(Value):
    """A telephone number of the customer's."""

    phone: str


class Raised(Value):
    """A new limit of the account."""

    amount: int


ACCOUNT: Final = Fields(
    of="principal",
    writers={"iban": "system", "balance": "system", "note": "owner"},
)
STATEMENT: Final = Fields(
    records="bookings.*",
    kind="booking",
    id="id",
    writers={"id": "system", "recipient": "system", "amount": "system"},
)
PAYEES: Final = Fields(
    records="payees.*",
    adds="owner",
    kind="payee",
    names=("name",),
    id="id",
    writers={"id": "system", "name": "owner", "account": "owner"},
)
ORDERS: Final = Fields(
    records="orders.*",
    adds="owner",
    kind="standing order",
    names=("name",),
    id="id",
    writers={
        "id": "system",
        "name": "owner",
        "recipient": "owner",
        "amount": "owner",
    },
)
