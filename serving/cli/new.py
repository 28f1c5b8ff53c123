"""The command `interlock new workspace|agent|tool|rule|eval NAME`."""

import asyncio
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from interlock.runtime.errors import BadInput
from interlock.serving import agents, people
from interlock.serving.cli import session
from interlock.serving.cli.output import write_new
from interlock.serving.cli.session import AsJson
from interlock.serving.founders import founders
from interlock.serving.scaffold import Kind, checked, evaluation, scaffold

application = typer.Typer(
    help="Begin a workspace; an agent, a tool or a rule with its test; cases for an agent.",
    no_args_is_help=True,
    add_completion=False,
)
Name: TypeAlias = Annotated[
    str, typer.Argument(help="Its name: lower-case letters, digits, _.")
]


@application.command()
def workspace(name: Name, as_json: AsJson = False) -> None:
    """Make a folder of that name: settings, people, and an agent of that name with its policy."""
    folder = Path(name)
    files = (*scaffold("workspace", name, folder), *scaffold("agent", name, folder))
    listed = folder / "people.yaml"
    people.write(listed, founders())
    _tell(
        (*files, listed),
        f"cd {name}; python -m pytest; interlock doctor",
        as_json=as_json,
    )


@application.command()
def agent(name: Name, as_json: AsJson = False) -> None:
    """Add an agent with one tool, its policy and its test."""
    title = name.replace("_", " ").title().replace(" ", "")
    _add(
        "agent",
        name,
        f'add "{name}:{title}" to agents in interlock.toml',
        as_json=as_json,
    )


@application.command()
def tool(
    name: Annotated[str, typer.Argument(help="Its name, such as note.keep.")],
    as_json: AsJson = False,
) -> None:
    """Add a tool, its policy entry and its test."""
    module = name.replace(".", "_")
    step = (
        f"give {module}.{module} to an agent, and grant {name} to its role in policies/"
    )
    _add("tool", name, step, as_json=as_json)


@application.command()
def rule(name: Name, as_json: AsJson = False) -> None:
    """Add a rule with its probe and its test; both pass."""
    step = "interlock policy check; interlock policy build; interlock verify"
    _add("rule", name, step, as_json=as_json)


@application.command("eval")
def evaluate(
    name: Name,
    *,
    agent: Annotated[
        str | None, typer.Option(help="Which agent; default: the one of that name.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add cases that attack an agent and let it work, to be filled in: evals/NAME.yaml."""
    folder = _folder("eval")
    checked(name)
    settings = session.configured()
    sources = agents.load(settings.agents, folder=settings.modules)
    known = asyncio.run(evaluation.made(sources))
    text = evaluation.text(name, evaluation.chosen(known, name, agent))
    file = folder / evaluation.EVALS / f"{name}.yaml"
    file.parent.mkdir(exist_ok=True)
    write_new(file, text)
    _tell((file,), f"interlock eval run {name}", as_json=as_json)


def _add(kind: Kind, name: str, step: str, *, as_json: bool) -> None:
    _tell(scaffold(kind, name, _folder(kind)), step, as_json=as_json)


def _folder(kind: str) -> Path:
    """Return the folder of the workspace; raises `BadInput` where there is none."""
    opened = session.opened_workspace()
    if opened.file is None:
        raise BadInput(
            what=f"new {kind}",
            why="there is no workspace here",
            next_step="Make one with `interlock new workspace NAME` or `interlock init`.",
        )
    return opened.file.parent


def _tell(files: tuple[Path, ...], step: str, *, as_json: bool) -> None:
    if as_json:
        session.print_json({"files": [str(file) for file in files]})
        return
    for file in files:
        session.say(f"Wrote {file}")
    session.next_step(step)
