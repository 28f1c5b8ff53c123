"""A served home as a process of its own, which can be measured and killed.

`python -m interlock.evals.api.child HOME` prints the port that it listens at. It knows the key of
the trials. Beside the API it answers at `/plain` like a server that governs nothing: the same
credential, the same order, and a row that is as durable, in a database of its own.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from sqlalchemy import Column, LargeBinary, MetaData, String, Table, insert

from interlock.evals.api.trial import PLENTY, AlwaysKnown
from interlock.runtime.canonical import canonical
from interlock.runtime.record.store import Store, Tx
from interlock.serving.home import Home, opened
from interlock.serving.http.application import application
from interlock.serving.http.caller import PersonOf
from interlock.serving.http.ordering import order_of
from interlock.serving.http.server import Place, Server
from interlock.serving.http.values.run import Started
from interlock.serving.workspace import open_workspace

PLAIN: Final = "/plain"
_RUN: Final = Table(
    "plain_run",
    MetaData(),
    Column("id", String(64), primary_key=True),
    Column("asked", LargeBinary, nullable=False),
)


async def serve(folder: Path) -> None:
    """Serve the home in *folder* until SIGTERM."""
    settings = open_workspace({}, chosen={"home": str(folder)}).settings
    async with opened(settings) as home, _plain(folder) as plain:
        app = application(home, authenticator=AlwaysKnown(), rate=PLENTY, burst=PLENTY)
        _answer_plainly(app, home, plain)
        server = Server(app, Place(port=0), worker=None)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.drain)
        await server.serve(told=_tell)


def _tell(place: Place) -> None:
    sys.stdout.write(f"{place.port}\n")
    sys.stdout.flush()


@asynccontextmanager
async def _plain(folder: Path) -> AsyncIterator[Store]:
    """Open the database of the server that governs nothing, which writes as ours does."""
    plain = await Store.opened(f"sqlite:///{folder / 'plain.db'}")
    try:
        with plain.engine.begin() as connection:
            _RUN.create(connection, checkfirst=True)
        yield plain
    finally:
        plain.close()


def _answer_plainly(app: FastAPI, home: Home, plain: Store) -> None:
    """Let *app* take orders at `PLAIN` that nobody decides about and nothing records."""
    number = 0

    async def start(request: Request, asking: PersonOf) -> Started:
        nonlocal number
        order = await order_of(request, key="")
        number += 1
        name = f"{id(plain)}-{number}"
        row = {"id": name, "asked": canonical(order.asked)}

        def work(tx: Tx) -> None:
            tx.connection.execute(insert(_RUN).values(row))

        await plain.write(work)
        return Started(run_id=name, status="queued", agent=order.agent, created=0)

    app.add_api_route(PLAIN, start, methods=["POST"], status_code=202)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
