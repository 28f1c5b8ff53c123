"""Commands of other packages: entry points of the group `interlock.commands`, each a `typer.Typer`.

An entry point is loaded when its command is run, never earlier. A command that cannot be loaded
stays in the list, says why, and ends with 5; the other commands work on.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import typer
from typer.main import get_command

from interlock.runtime.errors import GuardFailed

GROUP: Final = "interlock.commands"


def names() -> frozenset[str]:
    """Return the names of the commands that installed packages bring."""
    return frozenset(_points())


def package(name: str) -> str:
    """Return the name of the package that brings the command."""
    point = _points()[name]
    return point.dist.name if point.dist else point.module.partition(".")[0]


def load(name: str) -> Any:
    """Return the command *name*; one that cannot be loaded becomes a command that says why."""
    point = _points()[name]
    try:
        command = get_command(point.load())
    except Exception as error:  # noqa: BLE001 - a foreign package may fail in any way, and only its own command
        command = get_command(_broken(point, error))
    command.name = name
    return command


def _points() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _broken(point: EntryPoint, error: Exception) -> typer.Typer:
    """Return a command that says why the real one cannot be loaded."""
    application = typer.Typer(add_completion=False)
    why = f"{point.value} cannot be loaded: {type(error).__name__}: {error}"
    options = {"ignore_unknown_options": True, "allow_extra_args": True}

    @application.command(help=f"Broken: {why}", context_settings=options)
    def broken() -> None:
        raise GuardFailed(
            guard=f"command {point.name}",
            why=why,
            next_step="Install its package again, or remove it.",
        )

    return application
