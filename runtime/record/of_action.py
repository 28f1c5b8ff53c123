"""Runs and their actions, as the ledger says they must be."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from interlock.runtime.record.entry_values import committed, same, sealed
from interlock.runtime.record.of_run import OfRun, intent_of, proposed, started
from interlock.runtime.record.of_switch import OfSwitches
from interlock.runtime.record.spend import Rows, Spend, Values

#: Where an action stays which is denied only for what holds its run: it may have acted, or its
#: question is open
_LEFT: Final = frozenset({"started", "waiting"})


@dataclass(slots=True)
class OfActions(OfSwitches):
    """The rows of runs and of actions by key, and what they may spend and have spent."""

    run: Rows = field(default_factory=dict)
    action: Rows = field(default_factory=dict)
    spend: Spend = field(default_factory=Spend)
    _of_run: defaultdict[str, OfRun] = field(default_factory=lambda: defaultdict(OfRun))

    def start(self, log: str, run_id: str, body: Values) -> None:
        """Begin a run, its budget and its key."""
        self.spend.begin_below(log, "run", body["budget"], body)
        self.data_key[(run_id,)] = {"id": run_id, "tenant": log}
        self.run[(run_id,)] = started(log, run_id, body)

    def resume(self, _log: str, run_id: str, body: Values) -> None:
        """Carry a run on under a new claim."""
        run = self._run(run_id)
        run.update(
            status="running",
            fence=body["fence"],
            updated=body["at"],
        )
        run["attempts"] += 1

    def pin(self, _log: str, run_id: str, body: Values) -> None:
        """Pin a run to another policy or release: what was asked under the old one is withdrawn."""
        run = self._run(run_id)
        pinned = same(body, "revision", "release", "pinned")
        run.update(sealed(body), **pinned, updated=body["at"])
        self._of_run[run_id].withdraw("waiting", "approved")

    def widen(self, _log: str, run_id: str, body: Values) -> None:
        """Let a run do more than its request's words ask for."""
        self._run(run_id)["intent"] = intent_of(body)

    def hold(self, _log: str, run_id: str, body: Values) -> None:
        """Hold a run until somebody carries it on."""
        self._run(run_id)["status"] = "held"

    def end(self, _log: str, run_id: str, body: Values) -> None:
        """End a claim of a run, and with the run what waits for a person."""
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

    def decide(self, log: str, run_id: str, body: Values) -> None:
        """Record what the policy said; an answer that counts as a refusal is counted."""
        if body["effect"] == "deny" and body["state"] in _LEFT:
            return  # nothing was forbidden: the run is held, and its row stays
        self._put(log, run_id, body)
        self.spend.decide(self._run(run_id)["budget_id"], body)
        if body["counted"]:
            run = self._run(run_id)
            run["refusals"] += 1
            run["updated"] = body["at"]

    def intend(self, log: str, run_id: str, body: Values) -> None:
        """Set aside what an action is to cost, and use up its approval."""
        self._put(log, run_id, body)
        budget_id = self._run(run_id)["budget_id"]
        self.spend.reserve(body["action"], budget_id, body["reserved"])
        if body["approval"] is not None:
            self.approval[(body["approval"],)]["state"] = "used"

    def step(self, log: str, run_id: str, body: Values) -> None:
        """Record an action without an effect whole."""
        self._put(log, run_id, body)
        self.spend.move(self._run(run_id)["budget_id"], "spent", body["spent"])
        self._label(run_id, body)

    def finish(self, _log: str, run_id: str, body: Values) -> None:
        """Record the outcome of an effect."""
        action = self.action[(body["action"],)]
        action.update(sealed(body), updated=body["at"])
        action.update(same(body, "state", "until"), readback=body.get("readback", ""))
        self.spend.close(body["action"], body["spent"])
        self._label(run_id, body)

    def report(self, _log: str, run_id: str, body: Values) -> None:
        """Record an outcome that came too late."""
        action = self.action[(body["action"],)]
        action.update(late=body["state"], updated=body["at"])
        if action["fence"] == body["fence"]:
            action["until"] = 0

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
