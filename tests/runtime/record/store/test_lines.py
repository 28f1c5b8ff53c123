"""Lines: what is committed together, in which order, and what waits for what."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from interlock.runtime.errors import NotRecorded
from interlock.runtime.record.events import EVERY
from interlock.runtime.record.store import lines
from interlock.runtime.record.store.lines import Item, Lines, Turn, Urgency


@pytest.fixture(autouse=True)
def long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lazy items wait for longer than a test lasts."""
    monkeypatch.setattr(lines, "LAZY_WAIT_S", 5.0)


@pytest.fixture
def several() -> Lines:
    """Lines that four threads serve; the threads are those of the test."""
    return Lines(threads=4, begin=lambda: None)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Threads that ask for turns, and all of which come back."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


def added(those: Lines, *logs: str, urgency: Urgency = "eager") -> Item:
    """Hand in an item of *logs*, and return the item."""
    item = Item(
        work=lambda _: None,
        waiter=Future(),
        urgency=urgency,
        scope="",
        logs=logs,
    )
    those.add(item)
    return item


def turn(those: Lines, served: Turn | None = None) -> Turn:
    """Return the next turn, which there is."""
    following = those.turn(served)
    assert following is not None
    return following


def test_a_turn_is_of_one_log(several: Lines) -> None:
    """Items of two logs are two turns, each in the order in which its items came."""
    first, other, second = (added(several, log) for log in ("a", "b", "a"))

    assert turn(several).items == [first, second]
    assert turn(several).items == [other]


def test_one_thread_serves_one_line() -> None:
    """Where there is one thread, all that waits is committed together."""
    single = Lines(threads=1, begin=lambda: None)
    items = [added(single, *logs) for logs in (["a"], ["b"], [], ["a", "b"])]

    assert turn(single).items == items


def test_a_log_is_served_by_one_thread_at_a_time(
    several: Lines, threads: ThreadPoolExecutor
) -> None:
    """What comes for a log while a thread is at work on it is that log's next turn."""
    added(several, "a")
    served = turn(several)
    later = added(several, "a")
    waiting = threads.submit(several.turn)
    assert not _is_done(waiting)
    following = turn(several, served)
    several.close()

    assert following.items == [later]
    assert several.turn(following) is None
    assert waiting.result(10) is None


@pytest.mark.parametrize("logs", [(), ("a", "b"), (EVERY,)])
def test_an_item_of_several_logs_passes_nothing_and_is_passed_by_nothing(
    several: Lines, threads: ThreadPoolExecutor, logs: tuple[str, ...]
) -> None:
    """It begins when all that came before it is committed, and what came after it begins when it
    is committed.
    """
    before = [added(several, log) for log in ("a", "b")]
    of_all = added(several, *logs)
    after = [added(several, log) for log in ("a", "b")]

    first, second = turn(several), turn(several)
    assert [first.items, second.items] == [[item] for item in before]
    waiting = threads.submit(several.turn, first)
    assert not _is_done(waiting)  # the other log is still under way
    ending = threads.submit(several.turn, second)
    alone = _one(waiting, ending)
    assert alone.items == [of_all]
    following = turn(several, alone)
    others = waiting if ending.done() else ending
    last = others.result(10)
    assert last is not None
    assert sorted([following.items, last.items], key=lambda items: items[0].number) == [
        [item] for item in after
    ]


def test_a_lazy_item_waits_for_one_of_its_own_log(several: Lines) -> None:
    """An eager item of another log does not make it hurry; one of its own takes it along."""
    lazy = added(several, "a", urgency="lazy")
    other = added(several, "b")
    first = turn(several)
    assert first.items == [other]
    eager = added(several, "a")

    assert turn(several, first).items == [lazy, eager]


@pytest.mark.parametrize(
    "hurry", [Lines.hurry, Lines.close, "all"], ids=["hurry", "close", "all"]
)
def test_a_lazy_item_is_hurried(several: Lines, hurry: Any) -> None:
    """A lazy item waits no more when somebody says so, when the lines are closed, and when an item
    of all logs waits behind it.
    """
    lazy = added(several, "a", urgency="lazy")
    if hurry == "all":
        added(several)
    else:
        hurry(several)

    assert turn(several).items == [lazy]
    assert time.monotonic() < lazy.due


def test_a_lazy_item_is_due_by_itself(
    several: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lazy item that nothing follows is given out when its time is over."""
    monkeypatch.setattr(lines, "LAZY_WAIT_S", 0.01)
    lazy = added(several, "a", urgency="lazy")

    assert turn(several).items == [lazy]
    assert time.monotonic() >= lazy.due


def test_threads_begin_as_they_are_needed() -> None:
    """A thread is begun for each log that waits while the others are at work, up to the number
    that there may be.
    """
    begun: list[int] = []
    those = Lines(threads=2, begin=lambda: begun.append(1))
    counts = []
    for log in ("a", "a", "b", "c"):
        added(those, log)
        counts.append(len(begun))
    for _ in range(2):
        turn(those)
        counts.append(len(begun))

    assert counts == [1, 1, 1, 1, 2, 2]


def test_closed_lines_take_nothing_and_let_everyone_go(
    several: Lines, threads: ThreadPoolExecutor
) -> None:
    """After the close what waits is still given out; then every thread that asks is let go."""
    last = added(several, "a", urgency="lazy")
    several.close()
    with pytest.raises(NotRecorded):
        added(several, "a")
    served = turn(several)
    asking = [threads.submit(several.turn) for _ in range(3)]

    assert served.items == [last]
    assert several.turn(served) is None
    assert [asked.result(10) for asked in asking] == [None] * 3


def _is_done(asked: "Future[Turn | None]") -> bool:
    """Whether the turn came within a moment."""
    time.sleep(0.05)
    return asked.done()


def _one(*asked: "Future[Turn | None]") -> Turn:
    """Return the first turn that came."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for future in asked:
            if future.done() and (following := future.result()) is not None:
                return following
        time.sleep(0.005)
    raise AssertionError("no turn came")
