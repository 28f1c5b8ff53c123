"""Documents that people handed in, as the ledger says they must be."""

from dataclasses import dataclass, field

from interlock.runtime.record.entry_values import sealed
from interlock.runtime.record.spend import Rows, Values


@dataclass(slots=True)
class OfDocuments:
    """The rows of documents by key, and of the keys under which they are sealed."""

    document: Rows = field(default_factory=dict)
    data_key: Rows = field(default_factory=dict)

    def keep_document(self, log: str, _run: str, body: Values) -> None:
        """Keep a document and its key."""
        name = body["document"]
        self.data_key[(name,)] = {"id": name, "tenant": log}
        self.document[(name,)] = {
            "id": name,
            "tenant": log,
            "created": body["at"],
            **sealed(body),
        }

    def erase_document(self, _log: str, _run: str, body: Values) -> None:
        """Take a document and its key away."""
        name = body["document"]
        self.data_key.pop((name,), None)
        self.document.pop((name,), None)
