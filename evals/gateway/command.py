"""The command `interlock bench gateway`."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from interlock.runtime.errors import BadInput
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, err, out

if TYPE_CHECKING:
    from interlock.evals.gateway.callers import Target

#: About so many characters are a token of an English text
_CHARACTERS: Final = 4

Url = Annotated[
    str | None,
    typer.Option(help="The base of a real server's API, to measure throughput there."),
]
KeyFile = Annotated[
    Path | None, typer.Option(help="A file with the key that the server asks for.")
]


Requests = Annotated[int, typer.Option(min=20, help="Requests a round.")]
Rate = Annotated[float, typer.Option(min=1, help="Requests begun a second.")]
Rounds = Annotated[int, typer.Option(min=1, help="Rounds of each kind.")]
Runs = Annotated[int, typer.Option(min=1, help="Runs that ask.")]
Name = Annotated[str, typer.Option(help="The model's name at that server.")]
Tokens = Annotated[int, typer.Option(min=1, help="Tokens of an answer, about.")]
Clients = Annotated[int, typer.Option(min=1, help="Clients at once.")]


def gateway_calls(
    *,
    requests: Requests = 1_000,
    per_s: Rate = 100,
    rounds: Rounds = 5,
    runs: Runs = 32,
    url: Url = None,
    name: Name = "",
    key_file: KeyFile = None,
    tokens: Tokens = 64,
    clients: Clients = 8,
    as_json: AsJson = False,
) -> None:
    """Measure what the door costs a call of a model, against direct calls in the same run.

    Without --url latency is measured, at a server that answers at once; with it, throughput.
    """
    from interlock.evals.gateway.measuring import Load, gateway, throughput

    target = _target(url, name, key_file, tokens)
    with nullcontext() if as_json else err.status("measuring", spinner="dots"):
        if target is None:
            load = Load(requests=requests, per_s=per_s, rounds=rounds, runs=runs)
            figures = gateway(load)
        else:
            figures = throughput(
                target=target, requests=requests, clients=clients, rounds=rounds
            )
    if as_json:
        session.print_json(figures)
        return
    out.print(_line(figures))


def _line(figures: dict[str, Any]) -> str:
    if "ratio" in figures:
        rates = figures["per_s"]
        return (
            f"{rates['governed']} requests/s governed, {rates['direct']} direct: "
            f"{figures['ratio']} of it"
        )
    added = figures["added"]
    return (
        f"added p50 {added['p50_ms']} ms, p99 {added['p99_ms']} ms, "
        f"{added['cpu_ms']} ms of processor time, at {figures['per_s']} requests/s"
    )


def _target(
    url: str | None, name: str, key_file: Path | None, tokens: int
) -> "Target | None":
    if url is None:
        return None
    if not name:
        raise BadInput(
            what="--url",
            why="the model at that server is not named",
            next_step="Say --name.",
        )
    from interlock.evals.gateway.callers import QUOTES, Target, of_length

    characters = tokens * _CHARACTERS
    key = key_file.read_text("utf-8").strip() if key_file is not None else "none"
    return Target(
        url=url,
        name=name,
        key=key,
        tokens=characters + QUOTES,
        form=of_length(characters),
    )
