"""How long a store waits for its database; whoever waits is told, and every waiting ends."""

import logging
import time
from typing import Final

#: Seconds after which a person is told what is waited for, and after which once more
NOTICE_S: Final = 2.0
AGAIN_S: Final = 10.0
#: Seconds that a store which is being closed still waits
LAST_S: Final = 3.0
#: What the error says when a server was given up
SAID_NOTHING: Final = "the server said nothing"

_log: Final = logging.getLogger(__name__)


class Patience:
    """The patience of one store: all its connections share it, and any thread may use it."""

    def __init__(self) -> None:
        self._end = float("inf")
        self._told = float("-inf")

    def hurry(self) -> None:
        """Let nothing wait for longer than a moment from now on: the store is being closed."""
        self._end = min(self._end, time.monotonic() + LAST_S)

    @property
    def is_hurried(self) -> bool:
        """Whether the store is being closed."""
        return self._end < float("inf")

    def tell(self, what: str) -> None:
        """Say what is waited for, unless that was said a moment ago."""
        now = time.monotonic()
        if now - self._told > AGAIN_S:
            self._told = now
            _log.warning("waiting for %s", what)

    def waiting(self, seconds: float, *, what: str) -> "Waiting":
        """Return a waiting that begins now and takes at most so many seconds."""
        now = time.monotonic()
        return Waiting(self, what, began=now, until=now + seconds)

    def ends(self, until: float) -> float:
        """Return when a waiting that may last *until* then ends: earlier once hurried."""
        return min(until, self._end)


class Waiting:
    """One waiting for the database; made by `Patience.waiting`."""

    __slots__ = ("_began", "_patience", "_until", "_what")

    def __init__(
        self,
        patience: Patience,
        what: str,
        *,
        began: float,
        until: float,
    ) -> None:
        self._patience = patience
        self._what = what
        self._began = began
        self._until = until

    def is_over(self) -> bool:
        """Whether to give up; says what is waited for when that takes long."""
        now = time.monotonic()
        if now >= self._patience.ends(self._until):
            return True
        if now - self._began > NOTICE_S:
            self._patience.tell(self._what)
        return False
