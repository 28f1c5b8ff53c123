"""Webhooks and what is sent to them, as the ledger says they must be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from interlock.runtime.record.entry_values import same, sealed
from interlock.runtime.record.of_document import OfDocuments
from interlock.runtime.record.spend import Rows, Values

#: Applies an entry of a log and a run
Handler: TypeAlias = Callable[[str, str, Values], None]


@dataclass(slots=True)
class OfWebhooks(OfDocuments):
    """The rows of webhooks and of deliveries by key, beside those of documents."""

    webhook: Rows = field(default_factory=dict)
    delivery: Rows = field(default_factory=dict)

    def of_webhooks(self) -> dict[str, Handler]:
        """Return what applies each of their entries."""
        return {
            "webhook": self._keep_webhook,
            "webhook_told": self._tell_webhook,
            "delivery": self._turn_delivery,
            "deliveries_pruned": self._prune_deliveries,
        }

    def _keep_webhook(self, log: str, _run: str, body: Values) -> None:
        row = self.webhook.setdefault((body["webhook"],), {"created": body["at"]})
        row.update(
            id=body["webhook"],
            tenant=log,
            updated=body["at"],
        )
        row.update(same(body, "state", "told"), **sealed(body))
        if body["state"] != "active":
            self._cancel_waiting(body)

    def _cancel_waiting(self, body: Values) -> None:
        for delivery in self.delivery.values():
            if (delivery["webhook"], delivery["state"]) == (body["webhook"], "waiting"):
                delivery.update(
                    state="cancelled",
                    code=f"webhook_{body['state']}",
                    due=0,
                    updated=body["at"],
                )

    def _tell_webhook(self, log: str, _run: str, body: Values) -> None:
        self.webhook[(body["webhook"],)]["told"] = body["told"]
        for message in body["messages"]:
            self.delivery[(message["delivery"],)] = {
                "id": message["delivery"],
                "tenant": log,
                "webhook": body["webhook"],
                "state": "waiting",
                "attempts": 0,
                "code": "",
                "due": body["at"],
                "created": body["at"],
                "updated": body["at"],
                **same(message, "event", "until"),
                **sealed(message),
            }

    def _turn_delivery(self, _log: str, _run: str, body: Values) -> None:
        delivery = self.delivery[(body["delivery"],)]
        delivery.update(same(body, "state", "attempts", "code", "due", "until"))
        delivery["updated"] = body["at"]

    def _prune_deliveries(self, log: str, _run: str, body: Values) -> None:
        self.delivery = {
            key: row
            for key, row in self.delivery.items()
            if row["tenant"] != log
            or row["state"] == "waiting"
            or row["updated"] >= body["before"]
        }
