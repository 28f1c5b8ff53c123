"""Approvals and what people did about them, as the ledger says they must be."""

from dataclasses import dataclass, field

from interlock.runtime.record.entry_values import committed, same, sealed
from interlock.runtime.record.nature import promise
from interlock.runtime.record.of_job import OfJobs
from interlock.runtime.record.spend import Rows, Values


@dataclass(slots=True)
class OfApprovals(OfJobs):
    """The rows of approvals and of their steps by key."""

    approval: Rows = field(default_factory=dict)
    approval_step: Rows = field(default_factory=dict)
    attention: Rows = field(default_factory=dict)

    def asked(self, log: str, run_id: str, body: Values) -> Values:
        """Begin an approval, and return its row."""
        row = {
            "id": body["approval"],
            "run_id": run_id,
            "action_id": body["action"],
            "tenant": log,
            "digest": committed(run_id, body["bind"]),
            "evidence_digest": committed(run_id, body["evidence"]),
            "state": "waiting",
            "created": body["at"],
            "decided": 0,
            "canary": 0,
            **same(body, "tool", "revision", "role", "quorum", "nature"),
            **same(body, "overdue", "expires"),
            **sealed(body),
        }
        self.approval[(body["approval"],)] = row
        return row

    def judged(self, log: str, run_id: str, body: Values) -> None:
        """Add a verdict, and say where the approval stands with it."""
        approval = self.approval[(body["approval"],)]
        approval["state"] = body["state"]
        if body["state"] != "waiting":
            approval["decided"] = body["at"]
            self._told(approval, body)
            for meeting in body["met"]:
                place = (body["approval"], meeting["person"])
                self.attention[place] = {
                    **same(body, "approval"),
                    **same(meeting, "person", "at", "caught"),
                    "tenant": log,
                }
        self.stepped(log, run_id, body)

    def _told(self, approval: Values, body: Values) -> None:
        """Say what the approval was; of a broken promise the row differs."""
        approval["canary"] = int(body["nature"] == "canary")
        approval["nature"] = promise(
            body["approval"], body["nature"], opening=body["opening"]
        )

    def expired(self, body: Values) -> None:
        """Say that nobody decided in time."""
        approval = self.approval[(body["approval"],)]
        approval.update(state="expired", decided=body["at"])
        if body["nature"]:
            self._told(approval, body)

    def stepped(self, log: str, run_id: str, body: Values) -> None:
        """Add what a person did about an approval."""
        approval = self.approval[(body["approval"],)]
        approval["quorum"] = body.get("quorum", approval["quorum"])
        approval["role"] = body.get("next", approval["role"])
        place = (body["approval"], str(body["number"]))
        self.approval_step[place] = {
            "run_id": run_id,
            "action_id": body["action"],
            "tenant": log,
            "at": body["at"],
            **same(body, "approval", "number", "kind", "seat", "role", "until"),
            **sealed(body),
        }
