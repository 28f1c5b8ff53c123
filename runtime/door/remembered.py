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
#: Values of one run, and the sealed bytes of one; what is beyond is opened each time
MOST: Final = 1_024
LARGEST: Final = 16_384
_OPENED: Final[WeakKeyDictionary[DataKey, dict[str, tuple[bytes, Any]]]] = (
    WeakKeyDictionary()
)


def remembered(
    key: DataKey,
    name: str,
    sealed: bytes,
    make: Callable[[], T],
) -> T:
    """Return what *make* made of these sealed bytes under this name; it is not to be changed."""
    values = _OPENED.setdefault(key, {})
    known = values.get(name)
    if known is not None and known[0] == sealed:
        kept: T = known[1]
        return kept
    value = make()
    if len(sealed) <= LARGEST and len(values) < MOST:
        values[name] = (sealed, value)
    return value
