"""The command `interlock models list|check|serve|status|drain|stop`."""

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from interlock.runtime.errors import BadInput
from interlock.serving.cli import session
from interlock.serving.cli.models_catalogue import File, catalogue_file, home_of
from interlock.serving.cli.models_serve import serve
from interlock.serving.cli.session import As, AsJson, out
from interlock.serving.cli.show import folded, grid, moment, shown, whole

if TYPE_CHECKING:
    from interlock.tools.models.replicas import Replica

application = typer.Typer(
    help="Models served by vLLM on this machine: look, serve, drain, stop.",
    no_args_is_help=True,
    add_completion=False,
)
application.command()(serve)
Name = Annotated[str, typer.Argument(help="The model, as models.yaml names it.")]
Number = Annotated[
    int | None, typer.Option("--replica", min=0, help="Which; default: all of them.")
]
Wait = Annotated[
    bool, typer.Option("--wait/--no-wait", help="Return when it is over; the default.")
]
_LOOKS_EVERY_S: Final = 0.3
_OVER: Final = frozenset({"stopped", "failed"})


@application.command("list")
def list_models(file: File = None, as_json: AsJson = False) -> None:
    """List the models that can be served here, and what their replicas are."""
    from interlock.serving.vllm.catalogue import read
    from interlock.serving.vllm.orders import is_served

    home = home_of()
    models = read(catalogue_file(file)).models
    rows = [
        {
            "model": name,
            "weights": model.weights,
            "replicas": model.replicas,
            "port": model.port,
            "served": is_served(home, name),
        }
        for name, model in models.items()
    ]
    if as_json:
        session.print_json(rows)
        return
    table = grid(whole("Model"), "Served", "Replicas", "Port", folded("Weights"))
    for row in rows:
        served = "yes" if row["served"] else "no"
        table.add_row(
            str(row["model"]),
            served,
            str(row["replicas"]),
            str(row["port"]),
            shown(str(row["weights"])),
        )
    out.print(table)


@application.command()
def check(file: File = None, as_json: AsJson = False) -> None:
    """Look whether each model of the catalogue could be served: files, keys, vLLM itself."""
    from interlock.serving.vllm.catalogue import read
    from interlock.serving.vllm.inspection import inspected

    place = catalogue_file(file)
    found = asyncio.run(inspected(read(place), place))
    if as_json:
        session.print_json(found.model_dump(mode="json"))
    else:
        for name, version in found.versions.items():
            session.say(f"{name}: {version}")
        for problem in found.problems:
            session.complain(problem, exit_code=session.BAD_INPUT)
    if found.problems:
        session.leave(session.BAD_INPUT)
    if not as_json:
        session.next_step("interlock models serve NAME")


@application.command()
def status(name: Name, as_json: AsJson = False) -> None:
    """Show what each replica of a model is, and why."""
    from interlock.serving.vllm.orders import is_served
    from interlock.tools.models.replicas import read

    home = home_of()
    served = is_served(home, name)
    replicas = read(home, name)
    if as_json:
        rows = [replica.model_dump(mode="json") for replica in replicas]
        session.print_json({"model": name, "served": served, "replicas": rows})
        return
    if not served:
        session.say(f"Nobody serves {name} for this home.")
    table = grid("Replica", "State", whole("Address"), "Since", folded("Why"))
    for number, replica in enumerate(replicas):
        table.add_row(
            str(number),
            replica.state,
            replica.url,
            moment(replica.since),
            shown(replica.why),
        )
    if replicas:
        out.print(table)


@application.command()
def drain(
    name: Name,
    replica: Number = None,
    wait: Wait = True,
    person: As = None,
    as_json: AsJson = False,
) -> None:
    """Take a replica out of rotation, let it end what it has, and end its server."""
    _order(name, replica, person=person)
    _report(name, replica, wait=wait, as_json=as_json)


@application.command()
def stop(
    name: Name, wait: Wait = True, person: As = None, as_json: AsJson = False
) -> None:
    """Drain every replica of a model and end the process that serves it."""
    _order(name, None, person=person)
    _report(name, None, wait=wait, as_json=as_json)


def _order(name: str, number: int | None, *, person: str | None) -> None:
    from interlock.serving.operations.models import stopped
    from interlock.serving.vllm.orders import is_served
    from interlock.tools.models.replicas import read

    settings = session.configured()
    home = settings.home
    if not is_served(home, name):
        raise BadInput(
            code="not_found",
            what=f"model {name!r}",
            why="nobody serves it for this home",
            next_step="See `interlock models list`.",
        )
    if number is not None and number >= len(read(home, name)):
        raise BadInput(
            code="not_found",
            what=f"replica {number} of {name!r}",
            why="there is no such replica",
            next_step=f"See `interlock models status {name}`.",
        )
    who = session.starting(settings, person)
    session.act(
        lambda desk: stopped(desk, name, replica=number, person=who),
        using=settings,
    )


def _report(name: str, number: int | None, *, wait: bool, as_json: bool) -> None:
    from interlock.tools.models.replicas import read

    home = home_of()
    if wait:
        _wait(home, name, number, as_json=as_json)
    replicas = read(home, name)
    if as_json:
        rows = [replica.model_dump(mode="json") for replica in replicas]
        session.print_json({"model": name, "replicas": rows})


def _wait(home: Path, name: str, number: int | None, *, as_json: bool) -> None:
    """Return when the replicas that the order is for are over; say each state once."""
    from interlock.serving.vllm.orders import is_served
    from interlock.tools.models.replicas import read

    said: dict[int, Any] = {}
    while True:
        ours: dict[int, Replica] = {
            place: replica
            for place, replica in enumerate(read(home, name))
            if number in {None, place}
        }
        for place, replica in ours.items():
            if said.get(place) != replica.state and not as_json:
                session.say(f"{name}/{place} {replica.state}")
            said[place] = replica.state
        is_over = all(replica.state in _OVER for replica in ours.values())
        # The lock of the last one is given back after its state was written.
        if (is_over and number is not None) or not is_served(home, name):
            return
        time.sleep(_LOOKS_EVERY_S)
