"""Commands of other packages: entry points of the group `interlock.commands`, each a `typer.Typer`.

An entry point is loaded when its command is run or listed, never earlier. A command that cannot be
loaded stays in the list, says why, and ends with 5; the other commands work on.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

from interlock.runtime.errors import GuardFailed

GROUP: Final = "interlock.commands"


class InstalledCommands(TyperGroup):
    """The commands of this package, then those of other packages; a name of this package wins."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return every name once."""
        own = super().list_commands(ctx)
        return [*own, *sorted(_points().keys() - set(own))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of that name, or None."""
        own = super().get_command(ctx, cmd_name)
        point = _points().get(cmd_name)
        if own is not None or point is None:
            return own
        return _loaded(point)


def _points() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> Any:
    try:
        command = get_command(point.load())
    except Exception as error:  # noqa: BLE001 - a foreign package may fail in any way, and only its own command
        command = get_command(_broken(point, error))
    command.name = point.name
    return command


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
