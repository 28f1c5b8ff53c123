"""A reference: the name of an object, which anyone may have written, in place of the object.

Which object was chosen is known whatever the name says, and the name only points back to it. So a
name proves an argument that takes such an object, and nothing else: nobody reads or compares it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Opaque(Exception):
    """An expression looked at what a name says."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reference:
    """One object by its name; whatever looks at the name as a text raises `Opaque`."""

    name: str
    #: The kind of object; empty where nobody can tell which object the name points to
    kind: str
    #: One object alone, of all that were shown, has the name
    is_clear: bool
    #: What stands in the names of which every object was shown with it; None for any text
    whole: frozenset[str] | None

    def is_among_all(
        self,
        part: str,
    ) -> bool:
        """Whether every object was shown with it that has this part of a folded name."""
        return self.whole is None or any(looked in part for looked in self.whole)

    def __eq__(
        self,
        other: object,
    ) -> bool:
        """Compare with nothing: raises `Opaque`."""
        raise Opaque

    def __hash__(self) -> int:
        """Stand in no set: raises `Opaque`."""
        raise Opaque


def same_object(
    one: Any,
    other: Any,
) -> bool:
    """Whether two references point to one object; raises `Opaque` where the text decides that."""
    if not isinstance(one, Reference) or not isinstance(other, Reference):
        raise Opaque
    if not one.kind or not other.kind:
        raise Opaque
    return (one.kind, one.name) == (other.kind, other.name)


def refers(value: Any) -> bool:
    """Whether a reference stands in a value."""
    if isinstance(value, Mapping):
        return any(map(refers, value.values()))
    if isinstance(value, list):
        return any(map(refers, value))
    return isinstance(value, Reference)


def named(
    value: Any,
    taken: str,
) -> Any:
    """Return a value with the name for each reference to an object of the kind that is *taken*.

    Raises `Opaque` for another reference.
    """
    if isinstance(value, Mapping):
        return {key: named(item, taken) for key, item in value.items()}
    if isinstance(value, list):
        return [named(item, taken) for item in value]
    if not isinstance(value, Reference):
        return value
    if not taken or value.kind != taken:
        raise Opaque
    return value.name
