"""The bell: processes on one PostgreSQL hear each other, seldom enough, and need not."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Semaphore
from typing import NoReturn

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from interlock.runtime.record.store import postgresql
from interlock.runtime.record.store.bell import LEAST_S, Bell
from interlock.runtime.record.store.patience import Patience


@contextmanager
def bell(url: str) -> Iterator[Bell]:
    """A bell with connections of its own."""
    engines = postgresql.engines(make_url(url), Patience())
    one = Bell(engines[0])
    with ExitStack() as stack:
        for engine in engines:
            stack.callback(engine.dispose)
        stack.callback(one.close)
        yield one


class Ear:
    """Counts what it hears."""

    def __init__(self) -> None:
        self.times = 0
        self._heard = Semaphore(0)

    def __call__(self) -> None:
        """Hear once."""
        self.times += 1
        self._heard.release()

    def hears(self, *, within_s: float = 20) -> bool:
        """Whether something is heard in time."""
        return self._heard.acquire(timeout=within_s)


def test_others_hear_many_rings_as_few_and_nobody_hears_himself(
    fresh_postgres: str,
) -> None:
    """A flood of commits makes nobody look all the time, and a worker knows its own commits."""
    own, other = Ear(), Ear()
    with bell(fresh_postgres) as ours, bell(fresh_postgres) as theirs:
        with ours.listening(own), theirs.listening(other):
            assert own.hears()  # each begins with a look
            assert other.hears()
            began = time.monotonic()
            for _ in range(100):
                ours.ring()
                time.sleep(0.003)
            assert other.hears()
            assert not own.hears(within_s=0.2)
            passed_s = time.monotonic() - began

        assert other.times <= 3 + passed_s / LEAST_S


def test_what_is_due_is_rung_before_the_end(fresh_postgres: str) -> None:
    """A command that commits and ends at once is heard all the same."""
    ear = Ear()
    with bell(fresh_postgres) as theirs, theirs.listening(ear):
        assert ear.hears()
        with bell(fresh_postgres) as ours:
            ours.ring()

        assert ear.hears()


def test_a_bell_without_a_server_keeps_nobody_from_working() -> None:
    """Nothing is heard, nothing is raised, and the end does not wait for the next try."""

    def away() -> NoReturn:
        raise OperationalError("connect", None, Exception("away"))

    ear = Ear()
    engine = create_engine("postgresql+psycopg://", creator=away)
    one = Bell(engine)
    began = time.monotonic()
    with one.listening(ear):
        one.ring()
    one.close()
    one.ring()

    assert ear.times == 0
    assert time.monotonic() - began < 20
