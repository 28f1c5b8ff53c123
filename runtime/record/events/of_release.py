"""Events of releases: one was made, and one is in force from now on."""

from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

from interlock.runtime.record.events.event import Object, Of

#: Why another release is in force
How: TypeAlias = Literal["promoted", "rolled_back"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseMade(Of):
    """A release was made and signed; nothing is in force by that."""

    event: ClassVar[str] = "release_made"
    release: str
    #: The digest of its artefact by kind
    parts: dict[str, str]
    by: str

    def body(self) -> Object:
        """Return the public part."""
        return {"release": self.release, "parts": dict(self.parts)}

    def payload(self) -> Object:
        """Return who made it."""
        return {"by": self.by}


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseTurned(Of):
    """Another release is in force from now on; which one is sealed, too: it decides."""

    event: ClassVar[str] = "release_turned"
    release: str
    #: The release in force before; empty for none
    previous: str
    how: How
    by: str

    def body(self) -> Object:
        """Return the public part."""
        return {"release": self.release, "previous": self.previous, "how": self.how}

    def payload(self) -> Object:
        """Return the release, which nobody without the home's key can state, and by whom."""
        return {"release": self.release, "by": self.by}
