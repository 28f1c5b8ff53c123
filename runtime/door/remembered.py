"""What was opened under a run's key, remembered as long as this process has the key.

A long run asks about everything it has seen with each proposal, and what is recorded does not
change. Whoever changed a row changed its sealed bytes, which are compared. With the key all of it
is gone.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from interlock.runtime.record.vault import DataKey

T = TypeVar("T")
#: Values of one run, and their sealed bytes in all; what is beyond is opened each time
MOST: Final = 1_024
BYTES: Final = 16_777_216


def remembered(
    key: DataKey,
    name: str,
    sealed: bytes,
    make: Callable[[], T],
) -> T:
    """Return what *make* made of these sealed bytes under this name; it is not to be changed."""
    opened = _OPENED.setdefault(key, _Opened())
    known = opened.values.get(name)
    if known is not None and known[0] == sealed:
        kept: T = known[1]
        return kept
    value = make()
    opened.keep(name, sealed, value)
    return value


class _Opened:
    """What was opened under one key, with the bytes that it was made of."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[bytes, Any]] = {}
        self._size = 0

    def keep(self, name: str, sealed: bytes, value: Any) -> None:
        """Keep the value in the place of what had its name, where there is room."""
        before, _ = self.values.pop(name, (b"", None))
        self._size -= len(before)
        if len(self.values) < MOST and self._size + len(sealed) <= BYTES:
            self.values[name] = (sealed, value)
            self._size += len(sealed)


_OPENED: Final[WeakKeyDictionary[DataKey, _Opened]] = WeakKeyDictionary()
