"""Events of documents that people handed in without a run."""

from dataclasses import dataclass
from typing import ClassVar

from interlock.runtime.record.events.event import Object, Of, Sealed, digests


@dataclass(
    frozen=True,
    kw_only=True,
    slots=True,
)
class DocumentKept(Of):
    """A document was handed in; the same bytes of a tenant are kept once."""

    event: ClassVar[str] = "document"
    #: A commitment to the digest of the bytes
    document: str
    by: str
    sealed: Sealed

    def body(self) -> Object:
        """Return the public part."""
        return {
            "document": self.document,
            "sealed": digests(self.sealed),
        }

    def payload(self) -> Object | None:
        """Return who did it."""
        return {"by": self.by}
