"""What waits for people: one row each, the soonest deadline first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    func,
    select,
    tuple_,
)

from interlock.runtime.policy.request import identity
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.run import approval_step, quorum
from interlock.runtime.run.approval import requester
from interlock.runtime.run.approval_step import Step
from interlock.runtime.run.question import filled
from interlock.serving.queue import risk
from interlock.serving.queue.addressed import addressed, has_seat
from interlock.serving.queue.risk import Risk
from interlock.serving.queue.visitor import Visitor
from interlock.serving.queue.words import tool_in_words

Whose: TypeAlias = Literal["all", "for_me"]
Condition: TypeAlias = ColumnElement[bool]
PAGE: Final = 50
_APPROVALS: Final = tables.approval.c
_HOUR: Final = 3_600


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which approvals to list: every filter that is given must fit."""

    tool: str = ""
    role: str = ""
    risk: Risk | None = None
    #: At least so many hours old
    hours: int = 0
    whose: Whose = "all"
    #: The deadline and the id of the last row of the page before
    after: tuple[int, str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """One page of the list, and how much there is of each kind."""

    rows: Sequence[Mapping[str, Any]]
    #: Of all that wait, whatever the filters
    total: int
    #: Names the next page; empty for none
    next: str
    tools: Mapping[str, int] = field(default_factory=dict)
    roles: Mapping[str, int] = field(default_factory=dict)


async def waiting(visitor: Visitor, wanted: Wanted) -> Waiting:
    """Return what waits in the visitor's tenant; the statements are the same for any number."""

    def look(connection: Connection) -> Waiting:
        now = visitor.home.store.now(connection)
        counts = _counts(connection, visitor.tenant, now)
        query = _query(visitor, wanted, counts, now)
        if wanted.whose == "for_me":
            mine = addressed(connection, visitor, *_open(visitor.tenant, now))
            query = query.where(mine.condition)
        rows = connection.execute(query).mappings().all()
        asked = [row["id"] for row in rows[:PAGE]]
        steps = approval_step.by_approval(connection, asked)
        shown = [_row(visitor, row, steps[row["id"]], now) for row in rows[:PAGE]]
        last = rows[PAGE - 1] if len(rows) > PAGE else None
        return Waiting(
            rows=shown,
            total=sum(counts.values()),
            next="" if last is None else f"{last['expires']}-{last['id']}",
            tools=_by(counts, 0),
            roles=_by(counts, 1),
        )

    return await visitor.home.store.read(look)


def _counts(
    connection: Connection, tenant: str, now: int
) -> dict[tuple[str, str], int]:
    """Return how many wait, by tool and role."""
    query = (
        select(_APPROVALS.tool, _APPROVALS.role, func.count())
        .where(*_open(tenant, now))
        .group_by(_APPROVALS.tool, _APPROVALS.role)
    )
    return {(tool, role): count for tool, role, count in connection.execute(query)}


def _by(counts: Mapping[tuple[str, str], int], place: int) -> dict[str, int]:
    sums: dict[str, int] = {}
    for names, count in sorted(counts.items()):
        sums[names[place]] = sums.get(names[place], 0) + count
    return sums


def _open(tenant: str, now: int) -> tuple[Condition, ...]:
    return (
        _APPROVALS.tenant == tenant,
        _APPROVALS.state == "waiting",
        _APPROVALS.expires > now,
    )


def _query(
    visitor: Visitor, wanted: Wanted, counts: Mapping[tuple[str, str], int], now: int
) -> Select[Any]:
    return (
        select(
            tables.approval,
            tables.data_key.c.wrapped,
            tables.run.c.agent,
        )
        .join(tables.data_key, tables.data_key.c.id == _APPROVALS.run_id)
        .join(tables.run, tables.run.c.id == _APPROVALS.run_id)
        .where(*_open(visitor.tenant, now), *_fitting(visitor, wanted, counts, now))
        .order_by(_APPROVALS.expires, _APPROVALS.id)
        .limit(PAGE + 1)
    )


def _fitting(
    visitor: Visitor, wanted: Wanted, counts: Mapping[tuple[str, str], int], now: int
) -> Iterator[Condition]:
    """Yield a condition for each filter that is given."""
    if wanted.tool:
        yield _APPROVALS.tool == wanted.tool
    if wanted.role:
        yield _APPROVALS.role == wanted.role
    if wanted.hours:
        yield _APPROVALS.created <= now - wanted.hours * _HOUR
    if wanted.risk is not None:
        tools = visitor.home.runtime.tools
        yield _APPROVALS.tool.in_(risk.names(wanted.risk, _by(counts, 0), tools))
    if wanted.after is not None:
        yield tuple_(_APPROVALS.expires, _APPROVALS.id) > wanted.after


def _row(
    visitor: Visitor,
    row: RowMapping,
    steps: Sequence[RowMapping],
    now: int,
) -> dict[str, Any]:
    key = visitor.home.vault.unwrapped(row["run_id"], row["wrapped"])
    did = [approval_step.opened(key, row, step) for step in steps]
    asker = requester(key, row)
    tools = visitor.home.runtime.tools
    return {
        "id": row["id"],
        "tool": row["tool"],
        "words": tool_in_words(row["tool"], tools),
        **_named(key, row),
        "agent": row["agent"],
        "requester": asker,
        "is_own": identity(asker) == identity(visitor.person.id),
        **_asked(visitor, row, did),
        "risk": risk.of_tool(row["tool"], tools),
        "created": row["created"],
        "expires": row["expires"],
        "is_urgent": row["expires"] - now < _HOUR,
        "is_overdue": row["overdue"] <= now,
        **_handled(visitor, did, now),
    }


def _asked(visitor: Visitor, row: RowMapping, did: Sequence[Step]) -> dict[str, Any]:
    """Return whose verdicts are missing, and whether the visitor could give one."""
    return {
        "unfilled": quorum.unfilled(
            quorum.read(row["quorum"]),
            filled(did),
        ),
        "is_mine": has_seat(visitor, row, did),
    }


def _handled(visitor: Visitor, did: Sequence[Step], now: int) -> dict[str, Any]:
    """Return who looks at it, who was asked by name, and whether a question is open."""
    claim = approval_step.claim(did, now=now)
    delegate = approval_step.delegate(did)
    return {
        "claimed_by": claim.person if claim else "",
        "delegated_to": delegate,
        "is_delegated": identity(delegate) == identity(visitor.person.id),
        "is_questioned": approval_step.inquiry(did) is not None,
    }


def _named(key: DataKey, row: RowMapping) -> dict[str, str]:
    """Return what the action would touch, and what about, as the evidence names both."""
    opened = key.open(row["evidence"], place=f"approval/{row['id']}")
    evidence = orjson.loads(opened)
    about = evidence["arguments"].get("subject", "")
    return {
        "target": str(evidence["resource"]["id"]),
        "about": about if isinstance(about, str) else "",
    }
