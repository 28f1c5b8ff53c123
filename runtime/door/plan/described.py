"""Descriptions: the one object of a list that a plan describes by what its name says.

Whoever else may name an object can only make a description fit two of them, and then it describes
none (fails closed). So anyone may have written the names; who put the objects there is looked at
elsewhere, and what a stranger put there is in no view that proves anything.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeAlias, assert_never

from interlock.runtime.door.plan.reference import Opaque, Reference
from interlock.runtime.policy.boundary import folded

#: How a name is described
How: TypeAlias = Literal["starting", "ending", "containing", "called"]
#: A shorter text stands in any name by chance
SHORTEST: Final = 3


def described(
    items: Sequence[Any],
    name_of: Callable[[Any], Any],
    how: How,
    text: str,
) -> Any:
    """Return the one item whose name is described so, in whatever case.

    Raises ValueError for none, for two and for a text that is too short; and `Opaque` where the
    name points to no object, or where the list need not have every object that fits.
    """
    part = folded(text)
    if len(part.strip()) < SHORTEST:
        raise ValueError(text)
    fitting = [item for item in items if _fits(name_of(item), how, part)]
    if len(fitting) != 1:
        raise ValueError(f"{len(fitting)} objects are {how} {text}")
    name = name_of(fitting[0])
    if isinstance(name, Reference) and not (name.is_clear and name.is_among_all(part)):
        raise Opaque
    return fitting[0]


def _fits(
    name: Any,
    how: How,
    part: str,
) -> bool:
    called = folded(name.name if isinstance(name, Reference) else name)
    match how:
        case "starting":
            return called.startswith(part)
        case "ending":
            return called.endswith(part)
        case "containing":
            return part in called
        case "called":
            return called == part
        case _:
            assert_never(how)
