"""Budgets and reservations as the ledger says they must be.

A budget has one above it: that of the job or of the tenant, and what moves in one moves in every
budget above. A tenant's budget begins when its first limit is set, with all that the tenant's runs
and jobs have spent and reserved so far.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import orjson

from interlock.runtime.canonical import LARGEST_INTEGER, canonical
from interlock.runtime.record.store.tables import KINDS

Values: TypeAlias = dict[str, Any]
Rows: TypeAlias = dict[tuple[str, ...], Values]
#: The limit of a kind that is not limited
NO_LIMIT: Final = LARGEST_INTEGER
MOVED: Final = ("spent", "reserved")
#: How the ids of tenants' budgets begin
TENANT: Final = "tenant:"
#: The soft limits, and the kinds of which they are passed, of a budget without any
NO_SOFT: Final[Mapping[str, str]] = {"soft": "{}", "passed": "[]"}


def of_tenant(tenant: str) -> str:
    """Return the id of a tenant's budget; no run and no job is named so."""
    return f"{TENANT}{tenant}"


@dataclass(slots=True)
class Spend:
    """The rows of budgets and of open reservations, by key."""

    budget: Rows = field(default_factory=dict)
    reservation: Rows = field(default_factory=dict)

    def begin(
        self,
        budget_id: str,
        *,
        level: str,
        tenant: str,
        parent: str | None,
        limits: Mapping[str, int],
    ) -> Values:
        """Make a budget with nothing spent; a kind without a limit is not limited."""
        budget: Values = {
            "id": budget_id,
            "level": level,
            "tenant": tenant,
            "parent": parent,
            **NO_SOFT,
        }
        for kind in KINDS:
            budget[f"limit_{kind}"] = limits.get(kind, NO_LIMIT)
            budget[f"spent_{kind}"] = 0
            budget[f"reserved_{kind}"] = 0
        self.budget[(budget_id,)] = budget
        return budget

    def begin_below(
        self, tenant: str, level: str, budget_id: str, body: Values
    ) -> None:
        """Make the budget of a run or of a job as the entry says with which either began."""
        self.begin(
            budget_id,
            level=level,
            tenant=tenant,
            parent=body["parent"] if level == "run" else of_tenant(tenant),
            limits=body["limits"],
        )

    def reserve(self, action: str, budget_id: str, cost: Mapping[str, int]) -> None:
        """Set *cost* aside for the action, instead of what is set aside for it already."""
        self.close(action, {})
        self.reservation[(action,)] = {
            "action_id": action,
            "budget_id": budget_id,
            "tenant": self.budget[(budget_id,)]["tenant"],
            **cost,
        }
        self.move(budget_id, "reserved", cost)

    def decide(self, budget_id: str, body: Values) -> None:
        """Charge what a denial or a question costs; for a question, set its action's cost aside."""
        self.close(body["action"], {})
        self.move(budget_id, "spent", body["spent"])
        if body["reserved"]:
            self.reserve(body["action"], budget_id, body["reserved"])

    def close(self, action: str, spent: Mapping[str, int]) -> None:
        """Turn the action's reservation into spend, if it has one."""
        reservation = self.reservation.pop((action,), None)
        if reservation is None:
            return
        budget_id = reservation["budget_id"]
        self.move(budget_id, "reserved", {kind: -reservation[kind] for kind in KINDS})
        self.move(budget_id, "spent", spent)

    def close_part(
        self, action: str, *, spent: Mapping[str, int], freed: Mapping[str, int]
    ) -> None:
        """Turn a part of the action's reservation into spend, and give another part back."""
        for kind in {*spent, *freed}:
            part = spent.get(kind, 0) + freed.get(kind, 0)
            self.reservation[(action,)][kind] -= part
            self.move(
                self.reservation[(action,)]["budget_id"], "reserved", {kind: -part}
            )
        if spent:
            self.move(self.reservation[(action,)]["budget_id"], "spent", spent)

    def move(self, budget_id: str, group: str, amounts: Mapping[str, int]) -> None:
        """Add to spend or reservations of a budget, and of every one above that is known here."""
        for budget in self._upwards(budget_id):
            for kind, amount in amounts.items():
                budget[f"{group}_{kind}"] += amount

    def limit(self, log: str, body: Values) -> None:
        """Change one limit, or say that it is passed, as the entry does."""
        match body["event"]:
            case "budget":
                budget = self.budget[(body["budget"],)]
                budget[f"limit_{body['kind']}"] += body["amount"]
            case "budget_set":
                self._set_limit(log, body)
            case "budget_passed":
                self._pass_limit(body)

    def _set_limit(self, log: str, body: Values) -> None:
        budget_id, kind, limit = body["budget"], body["kind"], body["limit"]
        budget = self.budget.get((budget_id,))
        if budget is None and budget_id == of_tenant(log):
            budget = self._begin_tenant(log)
        if budget is None:
            raise LookupError(budget_id)
        if not body["soft"]:
            budget[f"limit_{kind}"] = NO_LIMIT if limit is None else limit
            return
        soft = orjson.loads(budget["soft"])
        soft.pop(kind, None)
        if limit is not None:
            soft[kind] = limit
        passed = set(orjson.loads(budget["passed"])) - {kind}
        budget.update(
            soft=canonical(soft).decode(),
            passed=canonical(sorted(passed)).decode(),
        )

    def _pass_limit(self, body: Values) -> None:
        budget = self.budget[(body["budget"],)]
        passed = {*orjson.loads(budget["passed"]), body["kind"]}
        budget["passed"] = canonical(sorted(passed)).decode()

    def _upwards(self, budget_id: str) -> Iterator[Values]:
        budget: Values | None = self.budget[(budget_id,)]
        while budget is not None:
            yield budget
            budget = self.budget.get((budget["parent"] or "",))

    def _begin_tenant(self, tenant: str) -> Values:
        budget_id = of_tenant(tenant)
        below = [row for row in self.budget.values() if row["parent"] == budget_id]
        budget = self.begin(
            budget_id,
            level="tenant",
            tenant=tenant,
            parent=None,
            limits={},
        )
        for group in MOVED:
            for kind in KINDS:
                column = f"{group}_{kind}"
                budget[column] = sum(row[column] for row in below)
        return budget
