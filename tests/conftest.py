"""What every test may ask for: a home of its own, a database of its own on either engine, and a
policy server.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from interlock.evals.postgresql import Server, served
from interlock.serving.policy.build import BUNDLES, POLICIES
from interlock.serving.policy.opa import find_opa

FOLDERS: Final = ("agents", "evals", "runtime", "serving", "tools")
_READY_WITHIN_S: Final = 60
_ENDS_WITHIN_S: Final = 300


class Programs:
    """Programs of this installation, each a process of its own that has imported already."""

    def __init__(self, nursery: "subprocess.Popen[str]", place: Path) -> None:
        self._nursery = nursery
        self._place = place
        self._begun = 0

    def begin(
        self, *words: str, folder: Path, environment: Mapping[str, str] = os.environ
    ) -> tuple[int, Path]:
        """Start `interlock` or `python` with arguments; return its process and its output."""
        self._begun += 1
        output = self._place / str(self._begun)
        order = {
            "words": words,
            "folder": str(folder),
            "environment": dict(environment),
            "output": str(output),
        }
        return self._answered(order), output

    def ended(self, pid: int) -> int:
        """Return the exit code of a program, once it has one."""
        return self._answered({"wait": pid, "within_s": _ENDS_WITHIN_S})

    def run(
        self, *words: str, folder: Path, environment: Mapping[str, str] = os.environ
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end."""
        pid, output = self.begin(*words, folder=folder, environment=environment)
        code = self.ended(pid)
        out, err = (
            output.with_suffix(suffix).read_text("utf-8") for suffix in (".out", ".err")
        )
        return subprocess.CompletedProcess(words, code, out, err)

    def _answered(self, order: dict[str, Any]) -> int:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(json.dumps(order) + "\n")
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline())


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
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """Programs as a person runs them, without the seconds that each would import."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    script = Path(__file__).with_name("nursery.py")
    with subprocess.Popen([sys.executable, script], text=True, **pipes) as process:  # noqa: S603 - our own interpreter and script
        yield Programs(process, tmp_path_factory.mktemp("programs"))
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL 18 that lives as long as the session; where it cannot start, these tests
    fail.
    """
    # Not in pytest's own folder: the path of a Unix socket has at most 107 characters.
    # These databases die with the session, so nothing waits for the disk.
    with (
        tempfile.TemporaryDirectory(prefix="interlock-pg-", dir="/tmp") as made,
        served(Path(made), durable=False) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres: Server) -> str:
    """The URL of the server's own database."""
    return postgres.url


@pytest.fixture
def fresh_postgres(postgres: Server) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, dropped when the test ends."""
    url = postgres.database()
    yield url
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, once on each engine: for specs that both must keep."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'interlock.db'}"
    url: str = request.getfixturevalue("fresh_postgres")
    return url


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
