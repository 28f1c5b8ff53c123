"""Where a drill takes place: a database that is thrown away, and what can be done to it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, TypeAlias, get_args

from sqlalchemy.engine import make_url

from interlock.evals.chaos.command import Kind
from interlock.evals.chaos.faulty import can_fail
from interlock.evals.postgresql import Server, served
from interlock.serving.verification.scratch import scratch

Fault: TypeAlias = Literal[
    "stop",  # a worker is stopped for longer than its lease, and woken
    "claim",  # two people carry on one run at once
    "eio",  # the disk of a worker does not take what the worker wrote
    "full",  # the disk of the database is full
    "drop",  # connections to the database are cut
    "restart",  # the database is stopped hard, and started again
]
FAULTS: Final[tuple[Fault, ...]] = get_args(Fault)
_CUT: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = %(ours)s AND pid <> pg_backend_pid() AND random() < 0.5
"""
#: Bytes that a file of a full disk may have: less than a file of PostgreSQL's log
_FULL_SIZE: Final = 2**20
#: How long a database is full or away
_AWAY_S: Final = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """The database of one drill."""

    url: str
    #: What can happen here
    faults: frozenset[Fault]
    #: Names the connections of the drill, so that no other is cut
    name: str = ""
    server: Server | None = None

    async def cut(self) -> None:
        """Cut half of the connections of the drill."""
        import psycopg  # noqa: PLC0415 - a driver that SQLite does not need

        plain = make_url(self.url).difference_update_query(["application_name"])
        where = plain.render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(where) as connection:
            await connection.execute(_CUT, {"ours": self.name})

    async def restart(self) -> None:
        """Stop the server hard, and start it a moment later."""
        server = self._server()
        await asyncio.to_thread(server.stop, hard=True)
        await asyncio.sleep(_AWAY_S)
        await asyncio.to_thread(server.start)

    async def fill(self) -> None:
        """Let the disk of the server be full for a moment; a server that ended is started again."""
        server = self._server()
        server.limit_files(_FULL_SIZE)
        await asyncio.sleep(_AWAY_S)
        server.limit_files(None)
        await asyncio.sleep(_AWAY_S)
        if not server.lives:
            await asyncio.to_thread(server.start)

    def _server(self) -> Server:
        if self.server is None:
            raise TypeError("only a server of the drill's own is stopped")
        return self.server


@asynccontextmanager
async def site(
    kind: Kind, folder: Path, *, database: str | None
) -> AsyncIterator[Site]:
    """Make a database of that kind, and take the database away afterwards.

    PostgreSQL is a schema of its own in *database*, or without a URL a server of its own. Raises
    `GuardFailed` without a server, and `NoScratch`.
    """
    possible: set[Fault] = {"stop", "claim"}
    if can_fail():
        possible |= {"eio"} if kind == "postgres" else {"eio", "full"}
    if kind == "sqlite":
        yield Site(
            url="",
            faults=frozenset(possible),
        )
    elif database is not None:
        async with scratch(database, folder) as url:
            possible |= {"drop"}
            yield _named(url, possible)
    else:
        # The path of a Unix socket has at most 107 characters.
        with (
            TemporaryDirectory(prefix="interlock-pg-", dir="/tmp") as made,
            served(Path(made), durable=True) as server,
        ):
            possible |= {"drop", "restart"}
            if server.can_be_limited:
                possible |= {"full"}
            yield _named(server.url, possible, server=server)


def _named(url: str, possible: set[Fault], **more: Any) -> Site:
    name = f"interlock-chaos-{secrets.token_hex(4)}"
    named = make_url(url).update_query_dict({"application_name": name})
    return Site(
        url=named.render_as_string(hide_password=False),
        faults=frozenset(possible),
        name=name,
        **more,
    )
