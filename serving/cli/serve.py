"""The command `interlock serve`."""

import asyncio
import gc
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interlock.serving.cli import session
from interlock.serving.cli.session import As

if TYPE_CHECKING:
    from fastapi import FastAPI

    from interlock.runtime.policy.request import Principal
    from interlock.serving.home import Home
    from interlock.serving.http.server import Place, Server
    from interlock.serving.identity.identity import Identity
    from interlock.serving.worker import Turn, Worker
    from interlock.serving.workspace import Workspace

application = typer.Typer(add_completion=False)
#: What the end of a turn says that somebody may have to do something about
_BAD = frozenset({"failed", "held", "dead", "refused"})
Host = Annotated[str, typer.Option(help="The address to listen at.")]
Port = Annotated[int, typer.Option(help="The port to listen at.", min=0, max=65_535)]
Certificate = Annotated[
    Path | None, typer.Option(help="A certificate (PEM), to be reached over TLS.")
]
Key = Annotated[Path | None, typer.Option(help="The key of the certificate (PEM).")]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", help="A name that the server may be asked by; repeat it."),
]


@application.command()
def serve(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8700,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Serve only; others carry on the runs.")
    ] = False,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="Runs at a time; default: the setting.")
    ] = None,
    tls_certificate: Certificate = None,
    tls_key: Key = None,
    behind_proxy: Annotated[
        bool,
        typer.Option(help="A proxy with TLS stands before it; nobody else reaches it."),
    ] = False,
    names: Names = None,
    person: As = None,
) -> None:
    """Serve the API and the reviewer queue of this home, with one worker beside them.

    Ctrl-C or SIGTERM ends what is under way and then the server; a second one stops at once.
    """
    from interlock.serving.http.server import Place

    place = Place(
        host=host,
        port=port,
        certificate=tls_certificate,
        key=tls_key,
        behind_proxy=behind_proxy,
        names=tuple(names or ()),
    )
    workspace = _workspace(concurrency)
    who = session.starting(workspace.settings, person)

    serving = partial(_serve, place=place, who=who, has_worker=not no_worker)
    session.run(serving, using=workspace.settings)


async def _serve(
    home: "Home", *, place: "Place", who: "Principal", has_worker: bool
) -> None:
    from interlock.serving.http.server import Server
    from interlock.serving.identity.identity import Identity

    identity = Identity.over(home)
    worker = await _hired(home, who) if has_worker else None
    server = Server(_application(home, identity, place), place, worker=worker)
    _heed_signals(server)
    link = "" if await identity.has_accounts() else await identity.link(who.id)
    # What a server begins with stays: to look through it again and again makes requests wait.
    gc.collect()
    gc.freeze()
    await server.serve(told=lambda place: _tell(place, who, link))


def _workspace(concurrency: int | None) -> "Workspace":
    chosen = {} if concurrency is None else {"worker.concurrency": str(concurrency)}
    return session.opened_workspace(chosen=chosen)


def _application(home: "Home", identity: "Identity", place: "Place") -> "FastAPI":
    from interlock.serving.http.application import application as api
    from interlock.serving.queue.pages import mount

    app = api(home, authenticator=identity, hosts=place.hosts)
    mount(app, home, identity)
    return app


async def _hired(home: "Home", who: "Principal") -> "Worker":
    from interlock.serving.operations.workers import hired

    return await hired(home, person=who, told=_told)


def _told(turn: "Turn") -> None:
    """Say of a turn what somebody may have to do something about."""
    if turn.status in _BAD:
        session.complain(f"{turn.run_id} {turn.agent} {turn.status}: {turn.why}")


def _tell(place: "Place", who: "Principal", link: str) -> None:
    session.say(f"Serving {place.url}")
    if link:
        session.say(f"Sign in as {who.id}: {place.url}/sign-in?code={link}")
        session.next_step("open it within 15 minutes; it works once.")


def _heed_signals(server: "Server") -> None:
    """Let the first signal drain the server and the second one stop it."""
    loop = asyncio.get_running_loop()
    heard: list[int] = []

    def hear(number: int) -> None:
        heard.append(number)
        if len(heard) == 1:
            server.drain()
        else:
            server.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, hear, number)
