"""Runs as a list shows them: one row each, without opening more than the row shows."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast, get_args

import orjson
from sqlalchemy import Connection, select

from interlock.runtime.errors import BadInput
from interlock.runtime.record.store import tables
from interlock.runtime.run.pin import Pins
from interlock.runtime.run.run import OPEN, Status
from interlock.runtime.run.run_list import RunSummary
from interlock.runtime.storage import Storage

#: Runs that are read at a time
_PAGE: Final = 100
#: What a list calls a run whose data key is gone
ERASED: Final = "erased"
#: The statuses that a run can be listed under
STATUSES: Final = (*get_args(Status), ERASED)
_UNITS: Final = {
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which runs to list: every filter that is given must fit."""

    status: str | None = None
    agent: str | None = None
    since: int = 0  # Unix seconds
    limit: int = 50
    #: Returns what a run is pinned to here, where that can be had: an open run of anything else is
    #: to be pinned anew. Asked only when an open run is listed, because a policy takes long to read
    here: Callable[[], Pins | None] = lambda: None

    def __post_init__(self) -> None:
        """Refuse a status that no run can have."""
        if self.status is not None and self.status not in STATUSES:
            raise BadInput(
                what=f"--status {self.status!r}",
                why="no run can have it",
                next_step=f"It is one of {', '.join(STATUSES)}.",
            )


def since_when(text: str, *, now: float) -> int:
    """Return the Unix seconds of a date ("2026-11-24") or of a time ago ("12h", "7d", "2w")."""
    number = text[:-1]
    unit = text[-1:]
    if number.isdecimal() and unit in _UNITS:
        ago = int(number) * _UNITS[unit].total_seconds()
        return int(now - ago)
    try:
        date = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            what=f"--since {text!r}",
            why="it is no date",
            next_step="Write it as 2026-11-24, or as 12h, 7d or 2w ago.",
        ) from error
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return int(date.timestamp())


async def listed(storage: Storage, wanted: Wanted) -> list[dict[str, Any]]:
    """Return the runs as plain data, newest first; an erased run has its dates and nothing else."""
    runs: list[RunSummary] = []
    async for run in _wanted(storage, wanted):
        runs.append(run)
        if len(runs) == wanted.limit:
            break
    risks = await storage.store.read(
        lambda connection: _risks(storage, connection, runs)
    )
    here = wanted.here() if any(run.status in OPEN for run in runs) else None
    return [_row(run, risks.get(run.id), here) for run in runs]


async def _wanted(storage: Storage, wanted: Wanted) -> AsyncIterator[RunSummary]:
    """Yield every run that fits, newest first."""
    is_erased = wanted.status == ERASED
    status = None if is_erased else wanted.status
    erased = None if wanted.status is None else is_erased
    size = max(wanted.limit, _PAGE)
    after = None
    while True:
        page = await storage.runs.list(
            status=cast(Status | None, status),
            agent=wanted.agent,
            erased=erased,
            after=after,
            limit=size,
        )
        for run in page:
            if run.created < wanted.since:
                return
            yield run
        if len(page) < size:
            return
        after = page[-1].id


def _risks(
    storage: Storage, connection: Connection, runs: list[RunSummary]
) -> dict[str, dict[str, Any]]:
    """Return the tier and the score of each run that has been scored by now, in one statement."""
    kept = [run.id for run in runs if not run.erased]
    query = (
        select(tables.run.c.id, tables.run.c.outcome, tables.data_key.c.wrapped)
        .join(tables.data_key, tables.data_key.c.id == tables.run.c.id)
        .where(tables.run.c.id.in_(kept), tables.run.c.outcome.is_not(None))
    )
    risks = {}
    for row in connection.execute(query):
        key = storage.vault.unwrapped(row.id, row.wrapped)
        opened = key.open(row.outcome, place=f"run/{row.id}/outcome")
        outcome = orjson.loads(opened)
        risk = outcome.get("risk")
        if risk:
            risks[row.id] = {"tier": risk["tier"], "score": risk["score"]}
    return risks


def _row(
    run: RunSummary, risk: dict[str, Any] | None, here: Pins | None
) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "status": ERASED if run.erased else run.status,
        "undoing": run.undoing,
        "agent": run.agent,
        "job": run.job or None,
        "priority": run.priority,
        "created": run.created,
        "for": run.requester,
        "document": str(run.request.get("path", "")),
        "risk": risk,
        "revision": run.revision,
        "needs_repin": here is not None and _needs_repin(run, here),
    }


def _needs_repin(run: RunSummary, here: Pins) -> bool:
    if run.status not in OPEN:
        return False
    if run.revision != here.revision:
        return True
    return any(run.pins.get(name) != pin for name, pin in here.others.items())
