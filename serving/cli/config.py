"""The command `interlock config show`."""

from dataclasses import asdict, is_dataclass
from typing import Any

import typer
from pydantic import BaseModel
from rich.table import Column

from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson, out
from interlock.serving.cli.show import grid, whole
from interlock.serving.origins import Setting, settings_by_name
from interlock.serving.settings import MASK, without_password
from interlock.serving.workspace import Workspace

application = typer.Typer(
    help="The settings, and where each is set.",
    no_args_is_help=True,
    add_completion=False,
)


@application.callback()
def group() -> None:
    """The settings, and where each is set."""


@application.command()
def show(as_json: AsJson = False) -> None:
    """Show every setting in force: its value, and whether a file, a variable or nothing sets it."""
    workspace = session.opened_workspace()
    rows = [_row(workspace, setting) for setting in settings_by_name().values()]
    file = str(workspace.file) if workspace.file else None
    if as_json:
        digest = workspace.settings.digest
        session.print_json(
            {
                "workspace": file,
                "digest": digest,
                "settings": rows,
            }
        )
        return
    table = grid(
        whole("Setting"),
        Column("Value", overflow="fold"),
        Column("Set by", overflow="fold"),
    )
    for row in rows:
        table.add_row(row["name"], _text(row["value"]), row["origin"])
    out.print(table)
    session.say(f"workspace {file or 'none: no interlock.toml here or above'}")
    session.say(f"digest    {workspace.settings.digest}")


def _row(workspace: Workspace, setting: Setting) -> dict[str, Any]:
    """Return one setting; a secret, and the password in a URL, is masked."""
    value = _value(workspace.settings, setting.name)
    if setting.secret and value is not None:
        value = MASK
    if isinstance(value, str):
        value = without_password(value)
    origin = workspace.origins.get(setting.name)
    return {
        "name": setting.name,
        "value": value,
        "origin": origin.where if origin else "default",
        "variable": setting.variable,
        "about": setting.about,
    }


def _value(settings: BaseModel, name: str) -> Any:
    value: Any = settings
    for part in name.split("."):
        fields = (
            asdict(value)
            if is_dataclass(value) and not isinstance(value, type)
            else None
        )
        value = fields[part] if fields else getattr(value, part, None)
    return value if value is None or isinstance(value, str | int) else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _entry(entry) for key, entry in value.items()}
    return list(value) if isinstance(value, tuple) else str(value)


def _entry(entry: Any) -> Any:
    """Return one entry of a table, without what it leaves to the defaults."""
    if not isinstance(entry, BaseModel):
        return entry
    return entry.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict):
        return ", ".join(f"{key}={label}" for key, label in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)
