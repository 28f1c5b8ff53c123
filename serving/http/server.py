"""The server: an application on a socket, and a worker of the same home beside it."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import uvicorn
from fastapi import FastAPI

from interlock.runtime.errors import BadInput
from interlock.serving.http.application import LOOPBACK
from interlock.serving.worker import Worker

#: Seconds that requests have to end in once the server drains
DRAIN_S: Final = 30
_BACKLOG: Final = 2048
_NAMES: Final = frozenset({"localhost"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a server listens, and how it is reached.

    What is reached from other machines is reached over TLS, the server's own or that of a proxy:
    anything else is refused (fails closed), since keys and cookies would be read on the way.
    """

    host: str = "127.0.0.1"
    port: int = 8700
    certificate: Path | None = None
    key: Path | None = None
    #: A proxy that is reached over TLS is the only one who can reach this server
    behind_proxy: bool = False
    #: More names by which the server may be asked
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a place at which credentials would travel in the clear."""
        if (self.certificate is None) != (self.key is None):
            raise BadInput(
                what="--tls-certificate and --tls-key",
                why="one of them is missing",
                next_step="Name both.",
            )
        is_safe = self.behind_proxy or self.certificate is not None
        if not _is_loopback(self.host) and not is_safe:
            raise BadInput(
                what=f"--host {self.host}",
                why="other machines can reach it, and credentials would travel in the clear",
                next_step=(
                    "Name --tls-certificate and --tls-key, or say --behind-proxy where a proxy "
                    "with TLS stands before it."
                ),
            )

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names by which the server may be asked."""
        own = f"[{self.host}]" if ":" in self.host else self.host
        return (*LOOPBACK, own.lower(), *(name.lower() for name in self.names))

    @property
    def url(self) -> str:
        """The address of the server for somebody on this machine."""
        scheme = "http" if self.certificate is None else "https"
        return f"{scheme}://{self.host}:{self.port}"

    def bound(self) -> socket.socket:
        """Return a socket that listens there; raises `BadInput` where that cannot be."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            return socket.create_server(
                (self.host, self.port), family=family, backlog=_BACKLOG
            )
        except OSError as error:
            raise BadInput(
                what=f"{self.host}:{self.port}",
                why=f"nothing can listen there: {error.strerror or error}",
                next_step="Choose another --port, or stop what listens there.",
            ) from error


class _Uvicorn(uvicorn.Server):
    """A server that leaves the signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Server:
    """Serves *app* at *place*, with a *worker* beside it; lives for one call of `serve`."""

    def __init__(self, app: FastAPI, place: Place, *, worker: Worker | None) -> None:
        self._app = app
        self._place = place
        self._worker = worker
        self._http = _Uvicorn(_config(app, place))
        if worker is not None:
            app.state.measures.watch(lambda: worker.defects)

    def drain(self) -> None:
        """Take no request any more, end those that are here, and let the worker end its steps."""
        self._app.state.service.tails.close()
        if hasattr(self._app.state, "live"):
            self._app.state.live.close()
        self._http.should_exit = True
        if self._worker is not None:
            self._worker.drain()

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._http.force_exit = True
        self._http.should_exit = True
        if self._worker is not None:
            self._worker.stop()

    async def serve(self, *, told: Callable[[Place], None]) -> None:
        """Serve until drained; *told* of the place once it listens.

        When the worker ends by an error the server drains, and the error is raised: a server whose
        runs nobody carries on would go unseen.
        """
        with self._place.bound() as listening:
            told(replace(self._place, port=listening.getsockname()[1]))
            serving = asyncio.create_task(self._http.serve([listening]))
            working = [] if self._worker is None else [self._work(self._worker)]
            await asyncio.wait([serving, *working], return_when=asyncio.FIRST_COMPLETED)
            if self._http.started:
                self.drain()
            await asyncio.gather(serving, *working)

    def _work(self, worker: Worker) -> asyncio.Task[None]:
        return asyncio.create_task(worker.work("stopped"))


def _config(app: FastAPI, place: Place) -> uvicorn.Config:
    tls: dict[str, Any] = {}
    if place.certificate is not None:
        tls = {"ssl_certfile": place.certificate, "ssl_keyfile": place.key}
    return uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Nobody is believed where a request comes from: nothing here depends on it.
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_S,
        **tls,
    )


def _is_loopback(host: str) -> bool:
    if host.lower() in _NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
