"""What is worked out once for a class, and forgotten with the class.

Tools of other systems are classes made at run time: whoever connects anew makes them anew.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")
Class: TypeAlias = type[Any]


def once(work: Callable[[Class], T]) -> Callable[[Class], T]:
    """Return *work*, which is done once for each class; the result must not hold the class."""
    known: WeakKeyDictionary[Class, T] = WeakKeyDictionary()

    @wraps(work)
    def kept(of: Class) -> T:
        if of not in known:
            known[of] = work(of)
        return known[of]

    return kept
