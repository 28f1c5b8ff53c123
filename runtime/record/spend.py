"""Budgets and reservations as the ledger says they must be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from interlock.runtime.record.store.tables import KINDS

Values: TypeAlias = dict[str, Any]
Rows: TypeAlias = dict[tuple[str, ...], Values]


@dataclass(slots=True)
class Spend:
    """The rows of budgets and of open reservations, by key."""

    budget: Rows = field(default_factory=dict)
    reservation: Rows = field(default_factory=dict)

    def begin(self, budget_id: str, *, tenant: str, limits: Mapping[str, int]) -> None:
        """Make a budget with nothing spent."""
        budget: Values = {"id": budget_id, "tenant": tenant}
        for kind in KINDS:
            budget[f"limit_{kind}"] = limits[kind]
            budget[f"spent_{kind}"] = 0
            budget[f"reserved_{kind}"] = 0
        self.budget[(budget_id,)] = budget

    def reserve(self, action: str, budget_id: str, cost: Mapping[str, int]) -> None:
        """Set *cost* aside for the action, instead of what is set aside for it already."""
        self.close(action, {})
        self.reservation[(action,)] = {
            "action_id": action,
            "budget_id": budget_id,
            **cost,
        }
        self.add(budget_id, "reserved", cost)

    def decide(self, budget_id: str, body: Values) -> None:
        """Charge what a denial or a question costs; for a question, set its action's cost aside."""
        self.close(body["action"], {})
        self.add(budget_id, "spent", body["spent"])
        if body["reserved"]:
            self.reserve(body["action"], budget_id, body["reserved"])

    def close(self, action: str, spent: Mapping[str, int]) -> None:
        """Turn the action's reservation into spend, if it has one."""
        reservation = self.reservation.pop((action,), None)
        if reservation is None:
            return
        budget_id = reservation["budget_id"]
        self.add(budget_id, "reserved", {kind: -reservation[kind] for kind in KINDS})
        self.add(budget_id, "spent", spent)

    def add(self, budget_id: str, group: str, amounts: Mapping[str, int]) -> None:
        """Add to limits, spend or reservations of a budget."""
        budget = self.budget[(budget_id,)]
        for kind, amount in amounts.items():
            budget[f"{group}_{kind}"] += amount
