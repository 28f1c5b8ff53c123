"""Turns: from when a worker may claim a run, which the column `ready_at` of the run says.

    queued    the moment that whoever started the run named, or the start
    running   the end of the lease, so that the run of a dead worker is claimed by the next one
    waiting   the first moment at which nobody is asked any more: a verdict, else the expiry
    held      later and later; never while only a person can help
    ended, dead   never

A run that may go on at once stands where its age puts it: before all that were queued after it.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, assert_never

from sqlalchemy import ColumnElement, RowMapping, case, null, select, update

from interlock.runtime.record.events import RunEnded
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import Run, Status, row_of

_RUN: Final = tables.run.c
_APPROVAL: Final = tables.approval.c
#: After these entries a run may be ready that was not
WAKING: Final = frozenset(
    {
        "run_started",
        "run_ended",
        "run_repinned",
        "approval",
        "budget",
        "kill_switch",
        "job_status",
    }
)
#: At once; the lease of a claim is 0 when the claim has ended
AT_ONCE: Final[ColumnElement[int]] = case(
    (_RUN.created > _RUN.lease_until, _RUN.created), else_=_RUN.lease_until
)
#: The same, but a queued run keeps the moment before which it is not to begin
AT_ONCE_UNLESS_QUEUED: Final[ColumnElement[int]] = case(
    (_RUN.status == "queued", _RUN.ready_at), else_=AT_ONCE
)
#: Seconds that a held run waits after its first try, what multiplies them, and the most
_FIRST_S: Final = 3
_GROWTH: Final = 3
_LONGEST_S: Final = 300


def unless_stopped(moment: object) -> ColumnElement[int]:
    """Return *moment*, or never for a run that only a person can help."""
    return case((_RUN.ready_at.is_(None), null()), else_=moment)


def after(
    tx: Tx,
    run: Run,
    status: Status,
    *,
    waiting: Sequence[str],
    outage: bool,
) -> dict[str, Any]:
    """Return the columns of a run whose claim ends with *status*.

    *waiting* are the approvals that the run waits for. A claim that an *outage* ended is no try,
    but the next one comes as late as after a try.
    """
    match status:
        case "waiting":
            ready_at = _undecided_until(tx, run, waiting)
            return {"tries": 0, "outages": 0, "ready_at": ready_at}
        case "held":
            later = tx.now + back_off(run.id, tries=run.tries)
            outages = _RUN.outages + int(outage)
            return {"outages": outages, "ready_at": unless_stopped(later)}
        case "queued":  # the claim was no try: it was asked to stop
            return {"tries": max(run.tries - 1, 0), "ready_at": run.created}
        case "done" | "failed" | "cancelled":
            return {"tries": 0, "outages": 0, "ready_at": None}
        case "running" | "dead":
            raise ValueError(f"no claim ends {status}")
        case _:
            assert_never(status)


def back_off(run_id: str, *, tries: int) -> int:
    """Return for how many seconds a run is left alone that was held for the *tries*-th time.

    Runs that were held together do not come back together.
    """
    seconds: int = min(_FIRST_S * _GROWTH ** max(tries - 1, 0), _LONGEST_S)
    spread = sha256(f"{run_id}/{tries}".encode()).digest()[0]
    return seconds + seconds * spread // 512


def decided(tx: Tx, run_id: str) -> None:
    """Let the run go on at once if it waits: a person decided, or will not decide any more."""
    _at_once(tx, _RUN.id == run_id, _RUN.status == "waiting")


def raised(tx: Tx, budget: RowMapping) -> None:
    """Let the runs go on at once that are held because this budget, or another, was used up."""
    below: Mapping[str, ColumnElement[bool]] = {
        "run": _RUN.budget_id == budget["id"],
        "job": _RUN.job == budget["id"],
        "tenant": _RUN.tenant == budget["tenant"],
    }
    _at_once(
        tx,
        below[budget["level"]],
        _RUN.status == "held",
        _RUN.ready_at.is_(None),
    )


def requeue(tx: Tx, run_id: str, *, by: str) -> None:
    """Leave a dead run to workers again, as if no claim of it had been in vain.

    Raises `NotFound`, and `BadInput` ("wrong_state") for a run that is not dead.
    """
    row = row_of(tx.connection, run_id, lock=True)
    if row["status"] != "dead":
        raise refused(
            "wrong_state",
            what=f"run {run_id}",
            state=row["status"],
            wanted="dead",
        )
    fence = row["fence"] + 1
    values = {
        "status": "queued",
        "fence": fence,
        "tries": 0,
        "outages": 0,
        "ready_at": row["created"],
        "updated": tx.now,
    }
    requeued = update(tables.run).where(_RUN.id == row["id"])
    tx.connection.execute(requeued.values(values))
    tx.checked.clear()
    tx.events.append(
        RunEnded(
            log=row["tenant"],
            run_id=row["id"],
            status="queued",
            fence=fence,
            by=by,
        )
    )


def hasten(tx: Tx, run_id: str, *, by: str) -> None:
    """Let a worker claim the run as soon as it may: one that was held or is dead, at once.

    A queued run keeps the moment that was named for it, and a waiting one waits for its people.
    Raises `NotFound`, and `BadInput` for a run that has ended ("ended").
    """
    row = row_of(tx.connection, run_id, lock=True)
    match row["status"]:
        case "held":
            _at_once(tx, _RUN.id == run_id)
        case "dead":
            requeue(tx, run_id, by=by)
        case "queued" | "running" | "waiting":
            pass
        case _:
            raise refused("ended", what=f"run {run_id}", status=row["status"])


def _at_once(tx: Tx, *which: ColumnElement[bool]) -> None:
    tx.connection.execute(update(tables.run).where(*which).values(ready_at=AT_ONCE))


def _undecided_until(tx: Tx, run: Run, waiting: Sequence[str]) -> int:
    """Return when the first of the approvals is waited for no more: at once, if one was decided."""
    query = select(_APPROVAL.state, _APPROVAL.expires).where(_APPROVAL.id.in_(waiting))
    rows = tx.connection.execute(query.with_for_update()).all()
    open_until = [row.expires for row in rows if row.state == "waiting"]
    is_open = len(open_until) == len(rows) > 0
    return min(open_until) if is_open else run.created
