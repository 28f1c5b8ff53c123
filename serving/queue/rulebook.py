"""The policy in force as people read it: its rules in words, who may do what, and since when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.events import HOME, PolicyActivated
from interlock.runtime.record.store import tables
from interlock.serving.home import Home

_ENTRIES: Final = tables.ledger_entry.c
_HISTORY: Final = (
    select(_ENTRIES.seq, _ENTRIES.body)
    .where(
        _ENTRIES.log == HOME,
        _ENTRIES.run_id == "",
        _ENTRIES.event == PolicyActivated.event,
    )
    .order_by(_ENTRIES.seq.desc())
    .limit(50)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Revision:
    """One policy that was put in force."""

    revision: str
    previous: str
    at: int
    seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rulebook:
    """One policy."""

    revision: str
    #: By rule, its codes and what each says
    rules: Mapping[str, Mapping[str, str]]
    #: By role, what its holders may ask for
    grants: Mapping[str, Sequence[str]]
    tools: Mapping[str, Mapping[str, Any]]
    acts: Mapping[str, Mapping[str, Any]]
    history: Sequence[Revision]


async def rulebook(home: Home) -> Rulebook:
    """Return the policy in force; where none can be used it is empty, and denies everything."""
    bundle = await home.runtime.policy.bundle()
    config = {} if bundle is None else bundle.data["rails"].get("config", {})
    return Rulebook(
        revision="" if bundle is None else bundle.revision,
        rules={} if bundle is None else dict(bundle.messages),
        grants=config.get("grants", {}),
        tools=config.get("tools", {}),
        acts=config.get("acts", {}),
        history=await home.runtime.installation.read(_history),
    )


def _history(connection: Connection) -> list[Revision]:
    bodies = [(seq, body_of(body) or {}) for seq, body in connection.execute(_HISTORY)]
    return [
        Revision(
            revision=str(body.get("revision", "")),
            previous=str(body.get("previous", "")),
            at=int(body.get("at", 0)),
            seq=seq,
        )
        for seq, body in bodies
    ]
