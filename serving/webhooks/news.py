"""News: what the entries of a tenant's log mean to somebody outside.

The log itself is the outbox. Its entries are in one order and none is ever lost or changed, so how
far a webhook has been told is a number, and telling costs nothing where something happens. A
message holds ids, codes and times, and never what a document or a mail says. Of a canary that waits
it says what it says of work, and of one that is decided its nature. Of a shadow it says nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import orjson
from sqlalchemy import Connection, func, select

from interlock.runtime.record.store import tables
from interlock.runtime.run.delivery import Draft
from interlock.runtime.run.webhook import News, Webhook

#: Entries that are read at a time
_MOST: Final = 200
_ENDED: Final = frozenset({"done", "failed", "cancelled", "dead"})
_ENTRY: Final = tables.ledger_entry.c
_RUN: Final = tables.run.c
#: The entries that each is read from
_ENTRIES: Final[Mapping[News, tuple[str, ...]]] = {
    "run.ended": ("run_ended",),
    "run.waiting": ("run_ended",),
    "approval.waiting": ("approval_requested",),
    "approval.decided": ("approval",),
    "approval.expired": ("approval_expired",),
    "job.ended": ("run_ended", "job_item", "job_status"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What there is to tell a webhook, and how many entries of the log that accounts for."""

    drafts: tuple[Draft, ...]
    told: int


def read(connection: Connection, webhook: Webhook, *, after: int) -> Told:
    """Return what the entries from number *after* on mean to the webhook, some at a time."""
    wanted = sorted({name for news in webhook.events for name in _ENTRIES[news]})
    query = (
        select(
            _ENTRY.seq,
            _ENTRY.run_id,
            _ENTRY.event,
            _ENTRY.body,
        )
        .where(
            _ENTRY.log == webhook.tenant,
            _ENTRY.seq >= after,
            _ENTRY.event.in_(wanted),
        )
        .order_by(_ENTRY.seq)
        .limit(_MOST)
    )
    size = _size(
        connection,
        webhook.tenant,
    )
    rows = connection.execute(query).all()
    drafts: dict[str, Draft] = {}
    for row in rows:
        body = orjson.loads(row.body)
        for draft in _drafts(connection, webhook, row.seq, body):
            drafts[draft.id] = draft
    told = rows[-1].seq + 1 if len(rows) == _MOST else max(size, after)
    return Told(drafts=tuple(drafts.values()), told=told)


def draft_of(
    webhook: Webhook,
    event: str,
    *,
    key: str,
    at: int,
    data: Mapping[str, Any],
) -> Draft:
    """Return the message about *event*, under an id that is the same for the same *key*."""
    digest = sha256(f"{webhook.id}/{event}/{key}".encode()).hexdigest()
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {"type": event, "timestamp": moment, "data": data}
    return Draft(
        id=f"msg_{digest[:32]}",
        event=event,
        body=orjson.dumps(document, option=orjson.OPT_SORT_KEYS),
    )


def _drafts(
    connection: Connection, webhook: Webhook, seq: int, body: Mapping[str, Any]
) -> Iterator[Draft]:
    at = body["at"]
    named = _named(body)
    is_wanted = named is not None and named[0] in webhook.events
    if named is not None and is_wanted and not _is_shadow(connection, body["run"]):
        event, data = named
        yield draft_of(
            webhook,
            event,
            key=str(seq),
            at=at,
            data=data,
        )
    if "job.ended" in webhook.events:
        for job, status, key in _ended_jobs(connection, body):
            yield draft_of(
                webhook,
                "job.ended",
                key=key,
                at=at,
                data={"job": job, "status": status},
            )


def _named(body: Mapping[str, Any]) -> tuple[News, dict[str, Any]] | None:
    """Return what an entry means by itself, or None for nothing."""
    state = body.get("status", body.get("state"))
    match body["event"], state:
        case "run_ended", status if status in _ENDED and not body["undoing"]:
            return "run.ended", {"run": body["run"], "status": status}
        case "run_ended", "waiting":
            return "run.waiting", {"run": body["run"]}
        case "approval_requested", _:
            return "approval.waiting", _approval(body, "tool", "role", "expires")
        case "approval", "approved" | "rejected":
            told = {"verdict": state, "nature": body["nature"]}
            return "approval.decided", _approval(body) | told
        case "approval_expired", _:
            return "approval.expired", _approval(body)
        case _:
            return None


def _is_shadow(connection: Connection, run_id: str) -> bool:
    query = select(_RUN.shadow).where(_RUN.id == run_id)
    return bool(connection.execute(query).scalar_one_or_none())


def _approval(body: Mapping[str, Any], *more: str) -> dict[str, Any]:
    return {name: body[name] for name in ("approval", "run", "action", *more)}


def _ended_jobs(
    connection: Connection, body: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    """Yield the job that is over with the entry, how it is over, and a key for this end of it.

    A job has no entry for its end: it is over with the last of its runs. A retry makes the job go
    on, and the next end another one.
    """
    match body["event"]:
        case "job_status" if body["status"] == "cancelled":
            yield body["job"], "cancelled", f"{body['job']}/cancelled"
        case "job_item":
            yield from _over(connection, body["job"])
        case "run_ended" if body["status"] in _ENDED:
            query = select(_RUN.job).where(_RUN.id == body["run"])
            job = connection.execute(query).scalar_one_or_none()
            if job:
                yield from _over(connection, job)
        case _:
            return


def _over(connection: Connection, job: str) -> Iterator[tuple[str, str, str]]:
    jobs, items = tables.job.c, tables.job_item.c
    query = select(jobs.status, jobs["items"].label("named")).where(jobs.id == job)
    row = connection.execute(query).one()
    taken = select(func.count()).where(items.job == job)
    if row.status == "cancelled" or connection.execute(taken).scalar_one() < row.named:
        return
    counted = select(_RUN.status, func.count(), func.sum(_RUN.attempts))
    rows = connection.execute(
        counted.where(_RUN.job == job).group_by(_RUN.status)
    ).all()
    if all(status in _ENDED for status, _, _ in rows):
        runs = sum(number for _, number, _ in rows)
        attempts = sum(number for _, _, number in rows)
        yield job, "done", f"{job}/{runs}/{attempts}"


def _size(connection: Connection, log: str) -> int:
    heads = tables.ledger_head.c
    query = select(heads.size).where(heads.log == log)
    size: int = connection.execute(query).scalar_one_or_none() or 0
    return size
