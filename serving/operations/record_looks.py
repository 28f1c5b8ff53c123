"""Looks at the record: a tenant's own log, its entries, its checkpoints and its decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Select, select

from interlock.runtime.policy.request import Principal
from interlock.runtime.record import logs
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.store import tables
from interlock.runtime.run import marks, subject
from interlock.serving.home import Home
from interlock.serving.operations import looks

#: The entries that say how the policy decided
DECISIONS: Final = ("decision", "intent", "step", "act")
_ENTRIES: Final = tables.ledger_entry.c
_Bodies: TypeAlias = Select[tuple[bytes]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One signed checkpoint: the log's size, and the note in the C2SP format."""

    size: int
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Bodies of entries as they are signed, with which of their runs are shadows."""

    bodies: Sequence[dict[str, Any]]
    #: By the id of a shadow, the run that it copies
    shadows: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class LogFacts:
    """What is needed to check a log of a tenant."""

    log: str
    origin: str
    public_key: str
    size: int
    root: str


async def log(home: Home, *, person: Principal) -> LogFacts:
    """Return the head of the person's own log, and under which key it is signed."""
    await _ask(home, person)
    head = await home.ledger.head(person.tenant)
    return LogFacts(
        log=person.tenant,
        origin=home.ledger.origin(person.tenant),
        public_key=home.ledger.public_key.hex(),
        size=head.size,
        root=head.root,
    )


async def checkpoints(
    home: Home, *, person: Principal, below: int | None, limit: int
) -> Sequence[Kept]:
    """Return the signed checkpoints of the person's own log *below* a size, the newest first."""
    await _ask(home, person)
    return await home.store.read(
        partial(_checkpoints, of=person.tenant, below=below, limit=limit)
    )


async def log_entries(
    home: Home, *, person: Principal, after: int, limit: int, shadows: bool
) -> Told:
    """Return the bodies of the person's own log after the entry numbered *after*, in order.

    Without *shadows* what copies of runs did is left out.
    """
    await _ask(home, person)
    query = (
        select(_ENTRIES.body)
        .where(_ENTRIES.log == person.tenant, _ENTRIES.seq > after)
        .order_by(_ENTRIES.seq)
        .limit(limit)
    )
    return await home.store.read(partial(_told, query=_of_whom(query, shadows=shadows)))


async def decisions(
    home: Home,
    *,
    person: Principal,
    run_id: str | None,
    below: int | None,
    limit: int,
    shadows: bool,
) -> Told:
    """Return what the policy decided in the person's tenant, the newest first.

    Only for the run *run_id* if it is given; raises `NotFound` for one that is not there. Without
    *shadows* what was decided about copies of runs is left out.
    """
    if run_id is None:
        await looks.ask(home, "run.read", person=person)
    else:
        await looks.run_there(home, run_id, person=person)
    query = _decisions(of=person.tenant, run_id=run_id, below=below).limit(limit)
    return await home.store.read(partial(_told, query=_of_whom(query, shadows=shadows)))


async def ask_log(home: Home, *, person: Principal) -> None:
    """Return when the policy lets *person* look at the own log; raises as `looks.ask` does."""
    await _ask(home, person)


async def _ask(home: Home, person: Principal) -> None:
    await looks.ask(
        home,
        "ledger.read",
        person=person,
        look=subject.tenant("ledger", person.tenant),
        arguments={"log": person.tenant},
    )


def _checkpoints(
    connection: Connection, *, of: str, below: int | None, limit: int
) -> Sequence[Kept]:
    frontier = logs.frontier(connection, of)
    size = 0 if frontier is None else frontier.size
    query = (
        select(_ENTRIES.seq, _ENTRIES.note)
        .where(
            _ENTRIES.log == of,
            _ENTRIES.note.is_not(None),
            _ENTRIES.seq < (size if below is None else below - 1),
        )
        .order_by(_ENTRIES.seq.desc())
        .limit(limit)
    )
    return [
        Kept(size=row.seq + 1, note=str(row.note)) for row in connection.execute(query)
    ]


def _of_whom(query: _Bodies, *, shadows: bool) -> _Bodies:
    return query if shadows else query.where(_ENTRIES.run_id.not_in(marks.SHADOWS))


def _told(connection: Connection, *, query: _Bodies) -> Told:
    bodies = [body_of(body) for body in connection.execute(query).scalars()]
    run_ids = {str(body["run"]) for body in bodies}
    return Told(bodies=bodies, shadows=marks.shadows(connection, run_ids))


def _decisions(*, of: str, run_id: str | None, below: int | None) -> _Bodies:
    query = select(_ENTRIES.body).where(
        _ENTRIES.log == of, _ENTRIES.event.in_(DECISIONS)
    )
    if run_id is not None:
        query = query.where(_ENTRIES.run_id == run_id)
    if below is not None:
        query = query.where(_ENTRIES.seq < below)
    return query.order_by(_ENTRIES.seq.desc())
