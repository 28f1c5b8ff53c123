"""What belongs to one run, as the ledger says it must be."""

from dataclasses import dataclass, field

from interlock.runtime.canonical import canonical
from interlock.runtime.record.entry_values import committed, same, sealed
from interlock.runtime.record.spend import Spend, Values


@dataclass(slots=True)
class OfRun:
    """What belongs to one run, so that its end and its erasure look at nothing else."""

    actions: list[Values] = field(default_factory=list)
    approvals: list[Values] = field(default_factory=list)
    records: list[tuple[str, ...]] = field(default_factory=list)

    def end(self, spend: Spend) -> None:
        """Withdraw what waits for a person, and give back what was set aside for it."""
        for action in self.actions:
            if action["state"] == "waiting":
                spend.close(action["id"], {})
        self.withdraw("waiting", "approved")

    def erase(self) -> list[tuple[str, ...]]:
        """Take away the digests of what was asked for, and return the places of what was kept."""
        for action in self.actions:
            action["digest"] = ""
        for approval in self.approvals:
            approval.update(digest="", evidence_digest="")
        return self.records

    def withdraw(self, *states: str) -> None:
        """Withdraw the approvals in one of *states*."""
        for approval in self.approvals:
            if approval["state"] in states:
                approval["state"] = "withdrawn"

    def supersede(self, action: str) -> None:
        """Withdraw what was approved of an action about which people are asked anew."""
        for approval in self.approvals:
            if approval["action_id"] == action and approval["state"] == "approved":
                approval["state"] = "withdrawn"


def intent_of(body: Values) -> str:
    """Return what the row of a run holds of the intent that *body* states."""
    intent = body["intent"]
    return "" if intent is None else canonical(intent).decode()


def started(log: str, run_id: str, body: Values) -> Values:
    """Return the row of a run that *body* says was started."""
    return {
        "id": run_id,
        "tenant": log,
        "label": committed(run_id, body["label"]),
        "intent": intent_of(body),
        "budget_id": body["budget"],
        "attempts": body["fence"],
        "undoing": 0,
        "canary": 0,
        "refusals": 0,
        "outcome": None,
        "created": body["at"],
        "updated": body["at"],
        **same(body, "agent", "status", "autonomy", "revision", "fence", "release"),
        **same(body, "job", "priority", "pinned", "shadow"),
        **sealed(body),
    }


def proposed(log: str, run_id: str, body: Values) -> Values:
    """Return what the row of an action that *body* is the first to name holds from then on."""
    return {
        "id": body["action"],
        "run_id": run_id,
        "tenant": log,
        "tool": body["tool"],
        "action_class": body["class"],
        "digest": committed(run_id, body["bind"]),
        "about": body["about"],
        "late": "",
        "readback": "",
        "undo": None,
        "undoes": body.get("undoes", ""),
        "created": body["at"],
    }
