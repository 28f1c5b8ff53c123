"""A worker that waits before it has begun: it begins once it can, and a signal ends it soon.

Each is a process of its own, which is killed when it takes too long.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from interlock.evals.postgresql import Server

INTERLOCK: Final = str(Path(sys.executable).with_name("interlock"))
#: Seconds after which a worker that did not end is killed
PATIENCE_S: Final = 60
#: What a server of PostgreSQL listens at, in its folder
SOCKET: Final = ".s.PGSQL.5432"


@contextmanager
def worker(
    home: Path, *options: str, **settings: str
) -> Iterator["subprocess.Popen[str]"]:
    """Start a worker in a home; it is killed in the end, and when its time is over."""
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    environment = {**os.environ, "INTERLOCK_HOME": str(home), **settings}
    command = [INTERLOCK, "worker", *options]
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:  # noqa: S603 - our own command
        limit = threading.Timer(PATIENCE_S, process.kill)
        limit.start()
        try:
            yield process
        finally:
            limit.cancel()
            process.kill()


@contextmanager
def away() -> Iterator[tuple[str, Path]]:
    """The URL of a database in a folder of sockets that no server listens in, and the folder."""
    with tempfile.TemporaryDirectory(prefix="interlock-away-", dir="/tmp") as place:
        yield f"postgresql://interlock@/interlock?host={place}", Path(place)


def first_line(stream: Any) -> str:
    """Return the first line of what a process says; empty when it said nothing."""
    assert stream is not None
    line: str = stream.readline()
    return line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_worker_that_waits_for_its_database(
    home: Path, number: signal.Signals
) -> None:
    """SIGTERM ends it with the code of a drain, for nothing is under way; Ctrl-C has its own."""
    codes = {signal.SIGTERM: 0, signal.SIGINT: 130}
    with away() as (url, _), worker(home, "--json", INTERLOCK_DATABASE=url) as waiting:
        held = json.loads(first_line(waiting.stdout))
        waiting.send_signal(number)
        code = waiting.wait()

    assert (held["status"], code) == ("held", codes[number])


def test_a_signal_ends_a_worker_that_waits_for_the_lock_of_its_database(
    home: Path, command: Callable[..., Any]
) -> None:
    """Another process writes and does not end: the worker ends within seconds, with code 0."""
    assert command(home, "run", "list").code == 0
    with closing(sqlite3.connect(home / "interlock.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with worker(home, "--until-idle") as waiting:
            told = first_line(waiting.stderr)
            waiting.terminate()
            code = waiting.wait(timeout=15)

    assert "another process that writes to the database" in told
    assert code == 0


def test_a_worker_that_starts_before_its_database_waits_for_it(
    home: Path, postgres: Server
) -> None:
    """It says what it waits for, begins once the server answers, and drains as any other."""
    made = postgres.database()
    with away() as (url, place):
        there = url.replace("/interlock?", f"/{conninfo_to_dict(made)['dbname']}?")
        with worker(home, "--json", INTERLOCK_DATABASE=there) as waiting:
            held = json.loads(first_line(waiting.stdout))
            (place / SOCKET).symlink_to(postgres.folder / SOCKET)
            began = has_begun(made)
            waiting.terminate()
            code = waiting.wait()
    postgres.drop(made)

    assert held["status"] == "held"
    assert "looked for again in 1 s" in held["why"]
    assert (began, code) == (True, 0)


@pytest.mark.parametrize("options", [(), ("--until-idle",)])
def test_a_worker_waits_for_no_database_that_refuses_it(
    home: Path, postgres: Server, options: tuple[str, ...]
) -> None:
    """One that does not exist ends the worker at once, with one error that has its code."""
    absent = f"postgresql://postgres@/absent?host={postgres.folder}"
    with worker(home, "--json", *options, INTERLOCK_DATABASE=absent) as refused:
        out, err = refused.communicate()

    assert (refused.returncode, out) == (5, "")
    assert [json.loads(line)["error"]["code"] for line in err.splitlines()] == [
        "database_refused"
    ]


def test_a_worker_that_is_to_end_waits_for_no_database_that_is_away(home: Path) -> None:
    """With nothing ready to end by, it says so at once."""
    with (
        away() as (url, _),
        worker(home, "--json", "--until-idle", INTERLOCK_DATABASE=url) as refused,
    ):
        _, err = refused.communicate()

    assert refused.returncode == 5
    assert json.loads(err)["error"]["code"] == "database_away"


def has_begun(url: str) -> bool:
    """Whether a worker recorded within some seconds that it was started."""
    deadline = time.monotonic() + PATIENCE_S
    with psycopg.connect(url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            with suppress(psycopg.errors.UndefinedTable):
                if (
                    connection.execute("SELECT FROM ledger_entry").fetchone()
                    is not None
                ):
                    return True
            time.sleep(0.1)
    return False
