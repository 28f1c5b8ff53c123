"""The books of a company: orders, invoices and payments, as JSON files in one folder.

The folder stands in for an accounting system. A payment is one file, named by an idempotency key.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Books:
    """The books in one folder."""

    folder: Path

    def entry(self, kind: str, number: str) -> dict[str, Any] | None:
        """Return the order or invoice *number*, or None; *kind* is "orders" or "invoices"."""
        entries = json.loads((self.folder / f"{kind}.json").read_text("utf-8"))
        entry: dict[str, Any] | None = entries.get(number)
        return entry

    def pay(self, key: str, payment: dict[str, Any]) -> None:
        """Record the payment *key*; a second payment with the same key changes nothing."""
        folder = self.folder / "payments"
        folder.mkdir(exist_ok=True)
        (folder / f"{key}.json").write_text(json.dumps(payment), "utf-8")

    def payments(self) -> list[dict[str, Any]]:
        """Return every payment."""
        files = sorted(self.folder.glob("payments/*.json"))
        return [json.loads(file.read_text("utf-8")) for file in files]
