"""The lines in which work waits to be committed: one for each log, and one for all other work.

The items of a line are committed in the order in which they came, and together where that can be.
Lines know nothing of each other, so a log whose head is locked elsewhere holds up no other log. An
item that names several logs, or none, waits until all that came before it is committed, and what
comes after it waits for that item.

An *eager* item is committed at once. A *lazy* item waits up to 25 ms for an eager one of its line
to ride with.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Literal, Protocol, TypeAlias

from interlock.runtime.errors import NotRecorded
from interlock.runtime.record.events import EVERY
from interlock.runtime.record.store.of_many import OfMany

LAZY_WAIT_S: Final = 0.025
LARGEST_BATCH: Final = 128
#: How often an idle thread looks for lazy items before it sleeps, `LAZY_WAIT_S` apart
LOOKS: Final = 40
#: Rows of one kind, by their name
Need: TypeAlias = tuple[OfMany, str]
Urgency: TypeAlias = Literal["eager", "lazy"]
#: The name of the line of all work that is not of one log
_COMMON: Final = ""
_AT_ONCE: Final = 0.0
_NEVER: Final = float("inf")


class Waiter(Protocol):
    """Who is told what became of an item, once, on a thread of the writer."""

    def set_result(self, result: Any, /) -> None:
        """Take what the work returned: it is durable."""

    def set_exception(self, error: Exception, /) -> None:
        """Take why it is not durable, or what the work wants raised."""


@dataclass(kw_only=True, slots=True)
class Item:
    """Work that was handed in."""

    work: Callable[[Any], Any]
    waiter: Waiter
    urgency: Urgency
    #: Whose rows it sees and changes
    scope: str
    #: The logs whose heads the work needs locked
    logs: Collection[str]
    #: The rows it will ask for, each by its kind and name
    needs: Collection[Need] = ()
    #: When it waits no more for others, by the monotonic clock
    due: float = field(default_factory=lambda: time.monotonic() + LAZY_WAIT_S)
    #: Its place among all items
    number: int = 0


@dataclass(kw_only=True, slots=True, eq=False)
class Line:
    """The items of one log that wait, in order."""

    name: str
    items: deque[Item] = field(default_factory=deque)
    #: Whether a thread is at work on earlier items of the line
    is_served: bool = False
    #: Whether somebody waits for one of the items
    is_urgent: bool = False


@dataclass(kw_only=True, slots=True)
class Turn:
    """What one thread is to commit in one transaction."""

    line: Line
    items: list[Item]


class Lines:
    """All the lines of one writer; any thread may use them.

    With *threads* that serve them, at most so many, each log has a line of its own; with one there
    is one line. *begin* starts another thread, which asks for a turn again and again.
    """

    def __init__(self, *, threads: int, begin: Callable[[], None]) -> None:
        self._threads = threads
        self._begin = begin
        self._begun = 0
        self._lines: dict[str, Line] = {}
        self._numbers = count()
        self._changed = threading.Condition(threading.Lock())
        self._idle = 0
        #: Whether an idle thread looks for items by itself
        self._is_watched = False
        #: Whether a thread was called that has not come yet
        self._is_called = False
        self._is_closed = False

    def add(self, item: Item) -> None:
        """Put the item at the end of its line; raises `NotRecorded` after `close`."""
        with self._changed:
            if self._is_closed:
                raise NotRecorded(why="the store is closed")
            item.number = next(self._numbers)
            line = self._line(item)
            line.items.append(item)
            line.is_urgent |= item.urgency == "eager"
            self._call()

    def hurry(self) -> None:
        """Let no item that waits by now wait for others to ride with."""
        with self._changed:
            for line in self._lines.values():
                line.is_urgent = bool(line.items)
            self._call()

    def close(self) -> None:
        """Take nothing more; what waits is still given out, and then every thread is let go."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def turn(self, served: Turn | None = None) -> Turn | None:
        """Wait for a turn, and return it; None when the lines are closed and empty.

        The thread has *served* a turn before, which is over now.
        """
        looks = LOOKS
        with self._changed:
            self._is_called = False
            if served is not None:
                self._end(served.line)
            while True:
                line, due = self._next()
                wait_s = due - time.monotonic()
                if line is not None and wait_s <= 0:
                    return self._taken(line)
                if self._is_closed and not self._lines:
                    self._changed.notify_all()
                    return None
                if line is None and looks:
                    looks -= 1
                    wait_s = LAZY_WAIT_S
                self._rest(wait_s)

    def _line(self, item: Item) -> Line:
        """Return the line in which the item waits, which begins when there is none."""
        name = _COMMON
        if self._threads > 1 and len(item.logs) == 1 and EVERY not in item.logs:
            (name,) = item.logs
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = Line(name=name)
        return line

    def _end(self, line: Line) -> None:
        line.is_served = False
        if not line.items:
            del self._lines[line.name]

    def _taken(self, line: Line) -> Turn:
        """Take what can be committed together from the beginning of the line."""
        limit = self._limit(line)
        items: list[Item] = []
        while line.items and len(items) < LARGEST_BATCH:
            if line.items[0].number > limit:
                break
            items.append(line.items.popleft())
        line.is_served = True
        line.is_urgent = any(item.urgency == "eager" for item in line.items)
        self._call()
        return Turn(line=line, items=items)

    def _next(self) -> tuple[Line | None, float]:
        """Return the line whose turn comes first, and when; None when all have to wait."""
        first: Line | None = None
        soonest = _NEVER
        for line in self._lines.values():
            due = self._due(line)
            if due < soonest:
                first = line
                soonest = due
        return first, soonest

    def _due(self, line: Line) -> float:
        """Return when the turn of the line comes; never while something else must end first."""
        if line.is_served or not line.items:
            return _NEVER
        limit = self._limit(line)
        head = line.items[0]
        if head.number > limit:
            return _NEVER
        is_full = len(line.items) >= LARGEST_BATCH
        is_waited_for = line.is_urgent or limit < _NEVER
        if is_full or is_waited_for or self._is_closed:
            return _AT_ONCE
        return head.due

    def _limit(self, line: Line) -> float:
        """Return the number of the item that those of the line must not pass."""
        common = self._lines.get(_COMMON)
        if line is not common:
            return _NEVER if common is None else _first(common)
        others = (_first(other) for other in self._lines.values() if other is not line)
        return min(others, default=_NEVER)

    def _call(self) -> None:
        """Let another thread come, where an item needs one and no idle thread looks by itself.

        Whoever comes calls the next one, where there is more to do.
        """
        if self._is_called:
            return
        line, due = self._next()
        if line is None or (self._is_watched and due > _AT_ONCE):
            return
        if self._idle:
            self._is_called = True
            self._changed.notify()
        elif self._begun < self._threads:
            self._is_called = True
            self._begun += 1
            self._begin()

    def _rest(self, wait_s: float) -> None:
        """Let the thread wait for a call; the one that watches comes back by itself in time."""
        is_watch = wait_s < _NEVER and not self._is_watched
        self._is_watched |= is_watch
        self._idle += 1
        self._changed.wait(wait_s if is_watch else None)
        self._idle -= 1
        self._is_called = False
        if is_watch:
            self._is_watched = False


def _first(line: Line) -> float:
    """Return the number of the first item that is not committed; below all while one is."""
    if line.is_served:
        return -1
    return line.items[0].number if line.items else _NEVER
