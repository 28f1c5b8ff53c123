"""Webhooks and what is sent to them, as the ledger says they must be."""

from dataclasses import dataclass, field

from interlock.runtime.record.entry_values import same, sealed
from interlock.runtime.record.spend import Rows, Values


@dataclass(slots=True)
class OfWebhooks:
    """The rows of webhooks and of deliveries by key."""

    webhook: Rows = field(default_factory=dict)
    delivery: Rows = field(default_factory=dict)

    def keep_webhook(self, log: str, _run: str, body: Values) -> None:
        """Make or change a webhook."""
        row = self.webhook.setdefault((body["webhook"],), {"created": body["at"]})
        row.update(
            id=body["webhook"],
            tenant=log,
            updated=body["at"],
        )
        row.update(same(body, "state", "told"), **sealed(body))

    def tell_webhook(self, log: str, _run: str, body: Values) -> None:
        """Begin what is to be sent."""
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

    def turn_delivery(self, _log: str, _run: str, body: Values) -> None:
        """Say what became of an attempt."""
        delivery = self.delivery[(body["delivery"],)]
        delivery.update(same(body, "state", "attempts", "code", "due", "until"))
        delivery["updated"] = body["at"]
