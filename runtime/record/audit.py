"""Reading the ledger with what only its home has: keys, heads and remembered checkpoints."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import Connection, RowMapping, bindparam, select

from interlock.runtime.errors import Erased, NotFound, Tampered
from interlock.runtime.record.audit_verify import Problem, Report, verify
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.events import HOME, RunErased
from interlock.runtime.record.ledger import Ledger
from interlock.runtime.record.logs import ROWS, export, kept_at, names
from interlock.runtime.record.store import Store, tables
from interlock.runtime.record.vault import Vault
from interlock.runtime.record.witness import file_name

_entries = tables.ledger_entry.c
_BY_PLACE: Final = (_entries.log, _entries.seq)
_PAYLOADS: Final = (
    select(_entries.log, _entries.seq, _entries.run_id, _entries.body, _entries.payload)
    .where(_entries.log == bindparam("of_log"))
    .order_by(_entries.seq)
    .execution_options(yield_per=ROWS)
)
#: Takes one record of an export
Write: TypeAlias = Callable[[dict[str, str | int]], None]
_FORGOTTEN: Final = (
    "no checkpoint of it is kept outside the database: a rollback would go unseen"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """What became of verifying several logs; valid when every one is."""

    reports: tuple[Report, ...]

    @property
    def valid(self) -> bool:
        """Whether nothing was found wrong in any log."""
        return not self.problems

    @property
    def size(self) -> int:
        """The number of entries of all logs."""
        return sum(report.size for report in self.reports)

    @property
    def checkpoints(self) -> int:
        """The number of signed checkpoints of all logs."""
        return sum(report.checkpoints for report in self.reports)

    @property
    def key(self) -> str:
        """The public key that every log was verified under."""
        return self.reports[0].key if self.reports else ""

    @property
    def problems(self) -> list[Problem]:
        """Everything found wrong, log by log; each problem names its log."""
        return [problem for report in self.reports for problem in report.problems]

    @property
    def gaps(self) -> list[Problem]:
        """Where a person let a log go on from an older state, log by log."""
        return [gap for report in self.reports for gap in report.gaps]

    @property
    def verdict(self) -> str:
        """What may be said of all logs in words; the worst of any log's."""
        by_log = {report.verdict for report in self.reports if not report.valid}
        if len(by_log) == 1:
            return by_log.pop()
        if by_log:
            return "INVALID"
        return "valid, with a gap" if self.gaps else "valid"


async def verified(
    store: Store, vault: Vault, ledger: Ledger, *, log: str | None = None
) -> Audit:
    """Verify one log or all of them, their sealed payloads included; never changes anything."""
    # The notes first: a log may grow meanwhile, but a note newer than its log is a rollback.
    notes = ledger.witness.notes()

    def look(connection: Connection) -> Audit:
        wanted = _named(connection, log)
        reports = [_verified(connection, vault, ledger, name, notes) for name in wanted]
        if log is None:
            here = {file_name(name) for name in wanted}
            reports += [_missing(ledger, file) for file in notes if file not in here]
        return Audit(reports=tuple(reports))

    return await store.read(look)


async def entries(
    store: Store,
    vault: Vault,
    *,
    run_id: str | None = None,
    log: str | None = None,
    newest: int | None = None,
) -> list[dict[str, Any]]:
    """Return entries by log and in order: log, body, and the opened payload (None when erased).

    With *newest* only so many are returned, the last ones. Raises `NotFound` for a log that has not
    begun.
    """
    query = select(tables.ledger_entry).order_by(*_BY_PLACE)
    if run_id is not None:
        query = query.where(_entries.run_id == run_id)
    if log is not None:
        query = query.where(_entries.log == log)
    if newest is not None:
        by_place = [column.desc() for column in _BY_PLACE]
        query = query.order_by(None).order_by(*by_place).limit(newest)

    def look(connection: Connection) -> list[dict[str, Any]]:
        _named(connection, log)
        rows = connection.execute(query).mappings().all()
        return [
            {
                "log": row["log"],
                "body": body_of(row["body"]) or _unreadable(row),
                "payload": _opened(connection, vault, row),
            }
            for row in (rows if newest is None else reversed(rows))
        ]

    return await store.read(look)


async def exported(
    store: Store, ledger: Ledger, write: Write, *, log: str | None = None
) -> None:
    """Write one log or all of them as the records of an export: each log's header, then the log.

    *write* gets one record after the other, on whatever thread, so memory does not grow with the
    log. Raises `NotFound` for a log that has not begun, and what *write* raises.
    """

    def look(connection: Connection) -> None:
        for name in _named(connection, log):
            header: dict[str, str | int] = {
                "kind": "log",
                "log": name,
                "origin": ledger.origin(name),
                "public_key": ledger.public_key.hex(),
            }
            write(header)
            for record in export(connection, name):
                write(record)

    await store.read(look)


def erased(connection: Connection) -> frozenset[str]:
    """Return the runs whose erasure the ledger records."""
    # An erasure belongs to no run, and the index is by run.
    query = select(_entries.body).where(
        _entries.run_id == "", _entries.event == RunErased.event
    )
    bodies = [body_of(body) for body in connection.execute(query).scalars()]
    return frozenset(str(body["of"]) for body in bodies if "of" in body)


def _named(connection: Connection, log: str | None) -> list[str]:
    """Return *log*, or every log where that is None; raises `NotFound`."""
    begun = names(connection)
    if log is None:
        return begun
    if log not in begun:
        raise NotFound(
            kind="log",
            name=log,
            next_step=f"Logs are {', '.join(begun)}.",
        )
    return [log]


def _verified(
    connection: Connection,
    vault: Vault,
    ledger: Ledger,
    log: str,
    notes: dict[str, str],
) -> Report:
    note = notes.get(file_name(log))
    report = verify(
        export(connection, log),
        key=ledger.public_key,
        origin=ledger.origin(log),
        remembered=note,
    )
    if note is None and report.size:
        problem = Problem("no_remembered_checkpoint", report.size - 1, _FORGOTTEN, log)
        report.problems.append(problem)
    report.problems += payload_problems(connection, vault, log)
    return report


def _missing(ledger: Ledger, file: str) -> Report:
    """Return the report on a log that has a note in *file*, and is gone from the database."""
    report = Report(key=ledger.public_key.hex(), log=file)
    report.problems.append(
        Problem("missing_log", 0, f"only its checkpoint {file} is left", file)
    )
    return report


def payload_problems(connection: Connection, vault: Vault, log: str) -> list[Problem]:
    """Check every sealed payload against the commitment in its entry."""
    gone = erased(connection)
    problems = []
    for row in connection.execute(_PAYLOADS, {"of_log": log}).mappings():
        problem = _payload_problem(connection, vault, row, gone)
        if problem is not None:
            code, detail = problem
            problems.append(Problem(code, row["seq"], detail, log))
    return problems


def _payload_problem(
    connection: Connection, vault: Vault, row: RowMapping, gone: frozenset[str]
) -> tuple[str, str] | None:
    committed = body_of(row["body"]).get("payload")
    if committed is None:
        return None
    if row["payload"] is None:
        return "payload_missing", "what the entry commits to is gone"
    try:
        key = vault.key(connection, row["run_id"] or HOME)
        plain = key.open(row["payload"], place=kept_at(row["log"], row["seq"]))
    except Erased as error:
        # Without a record of the erasure the key was taken away behind our back.
        return None if error.run_id in gone else ("payload_changed", error.why)
    except Tampered as error:
        return "payload_changed", error.why
    if key.commit(plain) != committed:
        return "payload_changed", "it is not what the entry commits to"
    return None


def _unreadable(row: RowMapping) -> dict[str, Any]:
    return {
        "seq": row["seq"],
        "run": str(row["run_id"]),
        "event": "unreadable",
    }


def _opened(connection: Connection, vault: Vault, row: RowMapping) -> Any:
    if row["payload"] is None:
        return None
    try:
        key = vault.key(connection, row["run_id"] or HOME)
        return orjson.loads(
            key.open(row["payload"], place=kept_at(row["log"], row["seq"]))
        )
    except Tampered:
        return None
