"""What the ledger says belongs to one run, so that its end and its erasure look at nothing else."""

from dataclasses import dataclass, field

from interlock.runtime.record.spend import Spend, Values


@dataclass(slots=True)
class OfRun:
    """The rows of one run's actions and approvals, and the places of what its tools keep."""

    actions: list[Values] = field(default_factory=list)
    approvals: list[Values] = field(default_factory=list)
    records: list[tuple[str, ...]] = field(default_factory=list)

    def end(self, spend: Spend) -> None:
        """Withdraw what waits for a person, and give back what was set aside for it."""
        for action in self.actions:
            if action["state"] == "waiting":
                spend.close(action["id"], {})
        for approval in self.approvals:
            if approval["state"] == "waiting":
                approval["state"] = "withdrawn"

    def erase(self) -> list[tuple[str, ...]]:
        """Take away the digests of what was asked for, and return the places of what was kept."""
        for action in self.actions:
            action["digest"] = ""
        for approval in self.approvals:
            approval.update(digest="", evidence_digest="")
        return self.records
