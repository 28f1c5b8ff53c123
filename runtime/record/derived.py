"""The working tables as the bodies of the ledger say they must be.

How a body states a value is in `interlock.runtime.record.entry_values`.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, Table, select

from interlock.runtime.record.entry_values import body_of, committed, same, sealed
from interlock.runtime.record.events import HOME
from interlock.runtime.record.logs import ROWS
from interlock.runtime.record.of_run import OfRun, intent_of, proposed, started
from interlock.runtime.record.of_switch import OfSwitches
from interlock.runtime.record.spend import Rows, Spend, Values
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
class Derived(OfSwitches):
    """The rows of every derived table by key, as far as the entries were applied."""

    run: Rows = field(default_factory=dict)
    action: Rows = field(default_factory=dict)
    spend: Spend = field(default_factory=Spend)
    record: Rows = field(default_factory=dict)
    #: No entry speaks of the home's own key
    data_key: Rows = field(
        default_factory=lambda: {(HOME,): {"id": HOME, "tenant": HOME}}
    )
    _of_run: defaultdict[str, OfRun] = field(default_factory=lambda: defaultdict(OfRun))

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
            "run_started": self._start,
            "run_resumed": self._resume,
            "run_held": self._hold,
            "run_repinned": self._pin,
            "run_widened": self._widen,
            "run_ended": self._end,
            "decision": self._decide,
            "intent": self._intend,
            "step": self._step,
            "outcome": self._finish,
            "late_outcome": self._report,
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

    def _start(self, log: str, run_id: str, body: Values) -> None:
        self.spend.begin_below(log, "run", body["budget"], body)
        self.data_key[(run_id,)] = {"id": run_id, "tenant": log}
        self.run[(run_id,)] = started(log, run_id, body)

    def _resume(self, _: str, run_id: str, body: Values) -> None:
        run = self._run(run_id)
        run.update(status="running", fence=body["fence"], updated=body["at"])
        run["attempts"] += 1

    def _pin(self, _: str, run_id: str, body: Values) -> None:
        run = self._run(run_id)
        pinned = same(body, "revision", "release", "pinned")
        run.update(sealed(body), **pinned, updated=body["at"])
        self._of_run[run_id].withdraw("waiting", "approved")

    def _widen(self, _: str, run_id: str, body: Values) -> None:
        self._run(run_id)["intent"] = intent_of(body)

    def _hold(self, _: str, run_id: str, body: Values) -> None:
        self._run(run_id)["status"] = "held"

    def _end(self, _: str, run_id: str, body: Values) -> None:
        run = self._run(run_id)
        run.update(
            sealed(body),
            **same(body, "status", "fence"),
            updated=body["at"],
        )
        run["canary"] = int(body["canary"])
        if body["undoing"]:
            run["undoing"] = 1
        if body["undoing"] or body["status"] in {"done", "failed", "cancelled"}:
            self._of_run[run_id].end(self.spend)

    def _decide(self, log: str, run_id: str, body: Values) -> None:
        if body["state"] == "started":
            return  # the engine failed while the action may have acted: its row stays
        self._put(log, run_id, body)
        self.spend.decide(self._run(run_id)["budget_id"], body)
        if body["counted"]:
            run = self._run(run_id)
            run["refusals"] += 1
            run["updated"] = body["at"]

    def _intend(self, log: str, run_id: str, body: Values) -> None:
        self._put(log, run_id, body)
        budget_id = self._run(run_id)["budget_id"]
        self.spend.reserve(body["action"], budget_id, body["reserved"])
        if body["approval"] is not None:
            self.approval[(body["approval"],)]["state"] = "used"

    def _step(self, log: str, run_id: str, body: Values) -> None:
        self._put(log, run_id, body)
        self.spend.move(self._run(run_id)["budget_id"], "spent", body["spent"])
        self._label(run_id, body)

    def _finish(self, _: str, run_id: str, body: Values) -> None:
        action = self.action[(body["action"],)]
        action.update(sealed(body), updated=body["at"])
        action.update(same(body, "state", "until"), readback=body.get("readback", ""))
        self.spend.close(body["action"], body["spent"])
        self._label(run_id, body)

    def _report(self, _: str, run_id: str, body: Values) -> None:
        action = self.action[(body["action"],)]
        action.update(late=body["state"], updated=body["at"])
        if action["fence"] == body["fence"]:
            action["until"] = 0

    def _ask(self, log: str, run_id: str, body: Values) -> None:
        self._of_run[run_id].approvals.append(self.asked(log, run_id, body))

    def _approve(self, _: str, run_id: str, body: Values) -> None:
        self.judged(_, run_id, body)
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
        self._run(run_id)["label"] = ""
        for place in self._of_run[run_id].erase():
            self.record.pop(place, None)

    def _run(self, run_id: str) -> Values:
        return self.run[(run_id,)]

    def _put(self, log: str, run_id: str, body: Values) -> None:
        """Write the action's row, as whoever decides on it does."""
        action = self.action.get((body["action"],))
        if action is None:
            action = proposed(log, run_id, body)
            self.action[(body["action"],)] = action
            self._of_run[run_id].actions.append(action)
        action.update(sealed(body))
        action.update(same(body, "state", "fence", "effect", "revision"))
        action.update(until=body.get("until", 0), updated=body["at"])

    def _label(self, run_id: str, body: Values) -> None:
        if "label" in body:
            self._run(run_id)["label"] = committed(run_id, body["label"])
