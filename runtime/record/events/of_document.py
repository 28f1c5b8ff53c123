"""Events of documents that people handed in without a run."""

from dataclasses import dataclass
from typing import ClassVar

from interlock.runtime.record.events.event import Object, Of, Sealed, digests


@dataclass(frozen=True, kw_only=True, slots=True)
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


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentErased(Of):
    """A document that was handed in is gone, and its data key; it may be handed in again."""

    event: ClassVar[str] = "document_erasure"
    #: As the entry that kept it has it
    document: str
    by: str

    def body(self) -> Object:
        """Return the public part."""
        return {"document": self.document}

    def payload(self) -> Object | None:
        """Return who erased it."""
        return {"by": self.by}
