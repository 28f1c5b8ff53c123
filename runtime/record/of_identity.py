"""Accounts and API keys, as the ledger says they must be."""

from dataclasses import dataclass, field

from interlock.runtime.record.entry_values import same, sealed
from interlock.runtime.record.of_webhook import OfWebhooks
from interlock.runtime.record.spend import Rows, Values


@dataclass(slots=True)
class OfIdentity(OfWebhooks):
    """The rows of accounts and of API keys by key, beside those of webhooks."""

    account: Rows = field(default_factory=dict)
    api_key: Rows = field(default_factory=dict)

    def keep_account(self, log: str, _run: str, body: Values) -> None:
        """Make or change an account."""
        row = self.account.setdefault((body["account"],), {"created": body["at"]})
        row.update(
            id=body["account"],
            tenant=log,
            updated=body["at"],
        )
        row.update(same(body, "state"), **sealed(body))

    def keep_key(self, log: str, _run: str, body: Values) -> None:
        """Make or change an API key."""
        row = self.api_key.setdefault((body["key"],), {"created": body["at"]})
        row.update(id=body["key"], tenant=log)
        row.update(
            same(
                body,
                "account",
                "state",
                "expires",
            ),
            **sealed(body),
        )
