"""What the ledger needs of an event, and what events are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol, TypeAlias

from interlock.runtime.canonical import Document

#: The log of events that belong to no tenant; no tenant's name begins with the sign
HOME: Final = "@home"
#: Stands for every log, where logs are named to be locked
EVERY: Final = "@every"
Object: TypeAlias = dict[str, Document]
Counts: TypeAlias = Mapping[str, int]
#: What was sealed into a row, by column; None for a column that holds nothing
Sealed: TypeAlias = Mapping[str, bytes | None]


class Commits(Protocol):
    """What an event needs of the run's data key."""

    def commit(self, value: bytes) -> str:
        """Return the salted commitment to *value*."""


class Event(Protocol):
    """What the ledger needs of an event; every class below is one."""

    @property
    def event(self) -> str:
        """The name of the entry."""

    @property
    def log(self) -> str:
        """The log the event is written to: the tenant's, or `HOME`."""

    @property
    def run_id(self) -> str:
        """The run whose chain goes on and whose key seals the payload; empty for none."""

    def body(self) -> Object:
        """Return the public part; the ledger adds version, origin, place and time."""

    def payload(self) -> Object | None:
        """Return the part to be sealed, or None when there is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Of:
    """Where an event belongs."""

    log: str
    run_id: str = ""

    def payload(self) -> Object | None:
        """Return None: most events have nothing to seal."""
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What a person says became of an action, and who asked for the action."""

    reviewer: str
    roles: Sequence[str]
    requester: str
    note: str


def digests(sealed: Sealed) -> Object:
    """Return the SHA-256 of each column's sealed bytes: they say nothing, and betray any change."""
    return {
        column: None if value is None else sha256(value).hexdigest()
        for column, value in sealed.items()
    }
