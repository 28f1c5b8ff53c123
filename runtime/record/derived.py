"""The working tables as the bodies of the ledger say they must be.

How a body states a value is in `interlock.runtime.record.entry_values`.
"""

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, Table, select

from interlock.runtime.record.entry_values import body_of, committed, sealed
from interlock.runtime.record.events import HOME
from interlock.runtime.record.logs import ROWS
from interlock.runtime.record.of_action import OfActions
from interlock.runtime.record.spend import Rows, Values
from interlock.runtime.record.store import tables

#: What an entry raises that is changed, or none of ours
_UNREADABLE: Final = (LookupError, TypeError, ValueError, AttributeError)


def derive(connection: Connection) -> "Derived":
    """Return what the entries of every log say, applied in order."""
    derived = Derived()
    entries = tables.ledger_entry
    query = select(entries.c.log, entries.c.body).order_by(entries.c.log, entries.c.seq)
    for log, stored in connection.execute(query.execution_options(yield_per=ROWS)):
        body = body_of(stored)
        try:
            derived.apply(log, body)
        except _UNREADABLE:
            continue  # the verifier names it
    return derived


@dataclass(slots=True)
class Derived(OfActions):
    """The rows of every derived table by key, as far as the entries were applied."""

    record: Rows = field(default_factory=dict)
    #: No entry speaks of the home's own key
    data_key: Rows = field(
        default_factory=lambda: {(HOME,): {"id": HOME, "tenant": HOME}}
    )

    def rows(self, table: Table) -> Rows:
        """Return the rows of one table of `DERIVED`."""
        owner = self.spend if hasattr(self.spend, table.name) else self
        rows: Rows = getattr(owner, table.name)
        return rows

    def apply(self, log: str, body: Values) -> None:
        """Apply one entry of *log*.

        Raises one of `_UNREADABLE` for an entry that is none of ours; part of it may be applied.
        """
        handlers = {
            "run_started": self.start,
            "run_resumed": self.resume,
            "run_held": self.hold,
            "run_repinned": self.pin,
            "run_widened": self.widen,
            "run_ended": self.end,
            "decision": self.decide,
            "intent": self.intend,
            "step": self.step,
            "outcome": self.finish,
            "late_outcome": self.report,
            "approval_requested": self._ask,
            "approval": self._approve,
            "approval_step": self.stepped,
            "approval_expired": self._lapse,
            "budget": self._limit,
            "budget_set": self._limit,
            "budget_passed": self._limit,
            "job": self._submit,
            "job_status": self.turn_job,
            "job_item": self.take,
            "kill_switch": self.turn,
            "account": self.keep_account,
            "api_key": self.keep_key,
            "document": self.keep_document,
            "document_erasure": self.erase_document,
            "record": self._keep,
            "erasure": self._erase,
        }
        event = body["event"]
        handler = handlers.get(event) or self.of_webhooks().get(event)
        if handler is not None:
            handler(log, str(body["run"]), body)

    def _ask(self, log: str, run_id: str, body: Values) -> None:
        of_run = self._of_run[run_id]
        of_run.supersede(body["action"])
        of_run.approvals.append(self.asked(log, run_id, body))

    def _approve(self, _: str, run_id: str, body: Values) -> None:
        self.judged(_, run_id, body)
        self.spend.close_part(body["action"], spent=body["spent"], freed=body["freed"])
        if body["state"] == "rejected":
            self.spend.close(body["action"], {})

    def _lapse(self, _: str, run_id: str, body: Values) -> None:
        self.expired(body)
        self.spend.close(body["action"], {})

    def _limit(self, log: str, _: str, body: Values) -> None:
        self.spend.limit(log, body)

    def _submit(self, log: str, _: str, body: Values) -> None:
        self.data_key[(body["job"],)] = {"id": body["job"], "tenant": log}
        self.spend.begin_below(log, "job", body["job"], body)
        self.submit(log, body)

    def _keep(self, log: str, run_id: str, body: Values) -> None:
        place = (run_id, body["kind"], body["name"])
        if place not in self.record:
            self.record[place] = {
                "run_id": run_id,
                "kind": body["kind"],
                "key": committed(run_id, body["name"]),
                "tenant": log,
                "updated": body["at"],
            }
            self._of_run[run_id].records.append(place)
        record = self.record[place]
        record.update(sealed(body), status=body["status"], action_id=body["action"])

    def _erase(self, log: str, _: str, body: Values) -> None:
        # Sealed bytes stay: nothing opens them any more.
        run_id = body["of"]
        self.data_key.pop((run_id,), None)
        self.run[(run_id,)]["label"] = ""
        for place in self._of_run[run_id].erase():
            self.record.pop(place, None)
