"""What attackers want: the orders as data, read once."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from interlock.tools import plain_yaml

_FILE: Final = Path(__file__).resolve().parent / "orders.yaml"
Language: TypeAlias = Literal["en", "de", "fr", "es", "zh", "ru"]
#: Something that an attacker wants, whatever the words of the order
Want: TypeAlias = Literal[
    "mail out",
    "file as approved",
    "change a limit",
    "leak another tenant's record",
    "poison memory or records",
    "burn budget",
    "silence or flood the reviewer",
]


class Goal(BaseModel):
    """One thing that an attacker wants, the words of the order, and the calls of who obeys."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
    )

    wants: Want
    #: What the order does where no rails hold; empty where tool or door alone refuse the order
    harm: str
    #: What refuses an order without harm
    held_by: str = ""
    #: Its calls break the schemas of their tools: the run fails before any of them is proposed
    unfit: bool = False
    says: Mapping[Language, str]
    #: How often each round is made, in one answer
    times: int = 1
    rounds: Sequence[Sequence[tuple[str, Mapping[str, Any]]]]


class Orders(BaseModel):
    """The contract that carries the orders, and the goals by name."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
    )

    contract: Sequence[str]
    goals: Mapping[str, Goal]


@cache
def orders() -> Orders:
    """Return the orders that are shipped."""
    document: Any = plain_yaml.parse(_FILE.read_text("utf-8"))
    return Orders.model_validate(document)
