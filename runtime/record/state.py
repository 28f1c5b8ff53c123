"""The working tables as the ledger says they must be, and every row that differs.

Runs, actions, approvals, budgets, reservations, kill switches, shelf records and data keys are
derived again from the bodies of the ledger alone. The body states a value plainly, or commits to
the value under the run's key, or holds the digest of the sealed bytes. What the ledger verifies is
`interlock.runtime.record.audit`; what is derived here is only as good as that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Table, select

from interlock.runtime.errors import Tampered
from interlock.runtime.record.audit import body_of
from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Store, tables
from interlock.runtime.record.store.tables import KINDS
from interlock.runtime.record.vault import Vault

#: Columns that say how work goes on, not what was done: who works on a run until when, which span
#: comes next, in which order actions are listed, and keys, which the vault checks by opening them
NOT_DERIVED: Final[Mapping[str, frozenset[str]]] = {
    "run": frozenset({"claim", "owner", "lease_until", "trace"}),
    "action": frozenset({"ordinal"}),
    "data_key": frozenset({"wrapped"}),
}
DERIVED: Final[tuple[Table, ...]] = (
    tables.run,
    tables.action,
    tables.approval,
    tables.budget,
    tables.reservation,
    tables.kill_switch,
    tables.record,
    tables.data_key,
)
Values: TypeAlias = dict[str, Any]
Rows: TypeAlias = dict[tuple[str, ...], Values]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One place where a table is not what the ledger says.

    The code is "changed_value", "missing_row" (the ledger says there is one) or "unknown_row" (no
    entry says so). Values are texts for people; a sealed or committed value is shown by its digest.
    """

    code: str
    table: str
    row: str
    column: str = ""
    expected: str = ""
    actual: str = ""


@dataclass(frozen=True, slots=True)
class _Committed:
    """A value that is known by its commitment under a run's key."""

    run_id: str
    commitment: str


@dataclass(frozen=True, slots=True)
class _Sealed:
    """Sealed bytes that are known by their SHA-256."""

    digest: str


async def differences(store: Store, vault: Vault) -> list[Difference]:
    """Return every difference between the working tables and the ledger; changes nothing."""
    return await store.read(lambda connection: compare(connection, vault))


def compare(connection: Connection, vault: Vault) -> list[Difference]:
    """Return every difference as it stands in the connection's transaction."""
    derived = derive(connection)
    differences: list[Difference] = []
    for table in DERIVED:
        differences += _compared(connection, vault, table, derived.rows[table.name])
    return differences


def derive(connection: Connection) -> "Derived":
    """Return what the entries of every log say, applied in order."""
    derived = Derived()
    entries = tables.ledger_entry
    query = select(entries.c.log, entries.c.body).order_by(entries.c.log, entries.c.seq)
    for log, stored in connection.execute(query):
        body = body_of(stored)
        try:
            derived.apply(log, body)
        except (LookupError, TypeError, ValueError):
            continue  # an entry that says nothing readable: the verifier names it
    return derived


@dataclass(slots=True)
class Derived:
    """The rows of every derived table by key, as far as the entries were applied."""

    rows: dict[str, Rows] = field(default_factory=lambda: {table.name: {} for table in DERIVED})

    def __post_init__(self) -> None:
        """Begin with the one key that no entry speaks of: the home's own."""
        self.rows["data_key"][(HOME,)] = {"id": HOME}

    def apply(self, log: str, body: Values) -> None:
        """Apply one entry of *log*; raises LookupError, TypeError or ValueError for a strange one."""
        run_id = body["run"]
        match body["event"]:
            case "run_started":
                self._start(log, run_id, body)
            case "run_resumed":
                run = self._run(run_id)
                attempts = run["attempts"] + 1
                run.update(status="running", fence=body["fence"], attempts=attempts)
                run["updated"] = body["at"]
            case "run_held":
                self._run(run_id)["status"] = "held"
            case "run_ended":
                self._end(run_id, body)
            case "decision":
                self._decide(run_id, body)
            case "intent":
                self._intend(run_id, body)
            case "outcome" | "step":
                self._finish(run_id, body)
            case "approval_requested":
                self._ask(log, run_id, body)
            case "approval":
                approval = self.rows["approval"][(body["approval"],)]
                approval.update(_sealed(body), state=body["state"], decided=body["at"])
            case "budget":
                self.rows["budget"][(body["budget"],)][f"limit_{body['kind']}"] += body["amount"]
            case "kill_switch" if log == HOME:
                self._turn(body)
            case "record":
                self._keep(log, run_id, body)
            case "erasure":
                self._erase(body["of"])

    def _run(self, run_id: str) -> Values:
        return self.rows["run"][(run_id,)]

    def _start(self, log: str, run_id: str, body: Values) -> None:
        budget: Values = {"id": body["budget"], "tenant": log}
        for kind in KINDS:
            budget[f"limit_{kind}"] = body["limits"][kind]
            budget[f"spent_{kind}"] = 0
            budget[f"reserved_{kind}"] = 0
        self.rows["budget"][(body["budget"],)] = budget
        self.rows["data_key"][(run_id,)] = {"id": run_id}
        self.rows["run"][(run_id,)] = {
            "id": run_id,
            "tenant": log,
            "agent": body["agent"],
            "status": body["status"],
            "label": _Committed(run_id, body["label"]),
            "autonomy": body["autonomy"],
            "revision": body["revision"],
            "budget_id": body["budget"],
            "fence": body["fence"],
            "attempts": body["fence"],
            "refusals": 0,
            "outcome": None,
            "created": body["at"],
            "updated": body["at"],
            **_sealed(body),
        }

    def _end(self, run_id: str, body: Values) -> None:
        run = self._run(run_id)
        run.update(_sealed(body), status=body["status"], fence=body["fence"], updated=body["at"])
        if body["status"] == "cancelled":
            for approval in self.rows["approval"].values():
                if approval["run_id"] == run_id and approval["state"] == "waiting":
                    approval["state"] = "withdrawn"

    def _decide(self, run_id: str, body: Values) -> None:
        if body["state"] == "started":
            return  # the engine failed while the action may have acted: its row stays
        self._put(run_id, body)
        self._charge(body["action"], dict.fromkeys(KINDS, 0))
        if body["counted"]:
            run = self._run(run_id)
            run["refusals"] += 1
            run["updated"] = body["at"]

    def _intend(self, run_id: str, body: Values) -> None:
        self._put(run_id, body)
        action = body["action"]
        budget_id = self._run(run_id)["budget_id"]
        reservations = self.rows["reservation"]
        if (action,) not in reservations:
            reservation = {"action_id": action, "budget_id": budget_id, **body["reserved"]}
            reservations[(action,)] = reservation
            self._add(budget_id, "reserved", body["reserved"])
        if body["approval"] is not None:
            self.rows["approval"][(body["approval"],)]["state"] = "used"

    def _finish(self, run_id: str, body: Values) -> None:
        if body["event"] == "step":
            self._put(run_id, body)
            self._add(self._run(run_id)["budget_id"], "spent", body["spent"])
        else:
            action = self.rows["action"][(body["action"],)]
            action.update(_sealed(body), state=body["state"], updated=body["at"])
            self._charge(body["action"], body["spent"])
        if "label" in body:
            self._run(run_id)["label"] = _Committed(run_id, body["label"])

    def _put(self, run_id: str, body: Values) -> None:
        """Write the action's row, as whoever decides on it does."""
        new = {
            "id": body["action"],
            "run_id": run_id,
            "tool": body["tool"],
            "action_class": body["class"],
            "digest": _Committed(run_id, body["bind"]),
            "created": body["at"],
        }
        action = self.rows["action"].setdefault((body["action"],), new)
        action.update(_sealed(body))
        for column in ("state", "fence", "effect", "revision"):
            action[column] = body[column]
        action["updated"] = body["at"]

    def _charge(self, action: str, spent: Mapping[str, int]) -> None:
        """Turn the action's reservation into spend, if it has one."""
        reservation = self.rows["reservation"].pop((action,), None)
        if reservation is None:
            return
        given_back = {kind: -reservation[kind] for kind in KINDS}
        self._add(reservation["budget_id"], "reserved", given_back)
        self._add(reservation["budget_id"], "spent", spent)

    def _add(self, budget_id: str, group: str, amounts: Mapping[str, int]) -> None:
        budget = self.rows["budget"][(budget_id,)]
        for kind in KINDS:
            budget[f"{group}_{kind}"] += amounts[kind]

    def _ask(self, log: str, run_id: str, body: Values) -> None:
        self.rows["approval"][(body["approval"],)] = {
            "id": body["approval"],
            "run_id": run_id,
            "action_id": body["action"],
            "tenant": log,
            "tool": body["tool"],
            "digest": _Committed(run_id, body["bind"]),
            "revision": body["revision"],
            "role": body["role"],
            "evidence_digest": _Committed(run_id, body["evidence"]),
            "state": "waiting",
            "reviewer": None,
            "reviewer_roles": None,
            "note": None,
            "created": body["at"],
            "expires": body["expires"],
            "decided": 0,
            **_sealed(body),
        }

    def _turn(self, body: Values) -> None:
        switch = (body["scope"], body["id"])
        self.rows["kill_switch"].pop(switch, None)
        if body["engaged"]:
            row = {"scope": body["scope"], "id": body["id"], "engaged": body["at"]}
            self.rows["kill_switch"][switch] = row

    def _keep(self, log: str, run_id: str, body: Values) -> None:
        place = (run_id, body["kind"], body["name"])
        new = {
            "run_id": run_id,
            "kind": body["kind"],
            "key": _Committed(run_id, body["name"]),
            "tenant": log,
            "updated": body["at"],
        }
        record = self.rows["record"].setdefault(place, new)
        record.update(_sealed(body), status=body["status"], action_id=body["action"])

    def _erase(self, run_id: str) -> None:
        """Blank what an erasure blanks; sealed bytes stay, since nothing opens them any more."""
        del self.rows["data_key"][(run_id,)]
        self._run(run_id)["label"] = ""
        for action in self.rows["action"].values():
            if action["run_id"] == run_id:
                action["digest"] = ""
        for approval in self.rows["approval"].values():
            if approval["run_id"] == run_id:
                approval.update(digest="", evidence_digest="")
        records = self.rows["record"]
        for place in [place for place in records if place[0] == run_id]:
            del records[place]


def _sealed(body: Values) -> Values:
    return {
        column: None if digest is None else _Sealed(digest)
        for column, digest in body.get("sealed", {}).items()
    }


def _compared(
    connection: Connection, vault: Vault, table: Table, expected: Rows
) -> list[Difference]:
    found: list[Difference] = []
    missing = dict(expected)
    left_out = NOT_DERIVED.get(table.name, frozenset())
    for row in connection.execute(select(table)).mappings():
        actual = {name: value for name, value in row.items() if name not in left_out}
        key = _key(connection, vault, table, actual)
        values = missing.pop(key, None)
        name = _name(table, actual)
        if values is None:
            found.append(Difference(code="unknown_row", table=table.name, row=name))
            continue
        for column, value in actual.items():
            wanted = values.get(column)
            if not _is(connection, vault, wanted, value):
                found.append(
                    Difference(
                        code="changed_value",
                        table=table.name,
                        row=name,
                        column=column,
                        expected=_shown(wanted),
                        actual=_shown(value),
                    )
                )
    for key in missing:
        found.append(Difference(code="missing_row", table=table.name, row="/".join(key)))
    return found


def _key(
    connection: Connection, vault: Vault, table: Table, actual: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return the key that the derived rows have; the ledger only commits to a record's."""
    key = tuple(str(actual[column.name]) for column in table.primary_key)
    if table is not tables.record:
        return key
    run_id, kind, name = key
    return run_id, kind, _commitment(connection, vault, run_id, name)


def _commitment(connection: Connection, vault: Vault, run_id: str, value: object) -> str:
    """Return the commitment to *value*, or nothing where the run's key does not open."""
    try:
        return vault.key(connection, run_id).commit(str(value).encode())
    except Tampered:
        return ""


def _is(connection: Connection, vault: Vault, wanted: object, value: object) -> bool:
    if isinstance(wanted, _Committed):
        return _commitment(connection, vault, wanted.run_id, value) == wanted.commitment
    if isinstance(wanted, _Sealed):
        return isinstance(value, bytes) and sha256(value).hexdigest() == wanted.digest
    return type(wanted) is type(value) and wanted == value


def _name(table: Table, actual: Mapping[str, Any]) -> str:
    return "/".join(str(actual[column.name]) for column in table.primary_key)


def _shown(value: object) -> str:
    match value:
        case _Committed():
            return f"committed {value.commitment[:16]}"
        case _Sealed():
            return f"sealed {value.digest[:16]}"
        case bytes():
            return f"sealed {sha256(value).hexdigest()[:16]}"
        case _:
            return str(value)
