"""Replacing attributes for a while, to take a guard away in this process."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Self, TypeAlias


class Patch:
    """Replaces attributes, and puts all of them back at the end of its `with` block."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def put(self, place: Any, name: str, value: Any) -> None:
        """Put *value* where *place* has the attribute *name*; raises AttributeError without one."""
        before = vars(place).get(name, getattr(place, name))
        self._stack.callback(setattr, place, name, before)
        setattr(place, name, value)


#: Takes one guard away
Break: TypeAlias = Callable[[Patch], None]


def replacing(place: Any, name: str, value: Any) -> Break:
    """Return what puts *value* in the place of one attribute."""

    def take_away(patch: Patch) -> None:
        patch.put(place, name, value)

    return take_away


def both(*breaks: Break) -> Break:
    """Return what takes several layers of one guard away."""

    def take_away(patch: Patch) -> None:
        for one in breaks:
            one(patch)

    return take_away


def nothing(*_: Any, **__: Any) -> None:
    """Let everything pass."""


def yes(*_: Any, **__: Any) -> bool:
    """Agree to everything."""
    return True


def no(*_: Any, **__: Any) -> bool:
    """Notice nothing."""
    return False


async def never(*_: Any, **__: Any) -> None:
    """Return nothing, later."""
