"""A workspace: a folder with `interlock.toml`, and the settings that hold in it.

Without such a file the defaults hold, under `~/.interlock`. A value of the command line goes before
one of the environment, and that before one of the file. A name that is no setting is refused, and
so is a file that another account may have written: settings say where data goes and which code is
loaded.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from interlock.runtime.errors import BadInput
from interlock.serving.origins import (
    PREFIX,
    Origin,
    Setting,
    from_environment,
    from_file,
    settings_by_name,
    unknown,
)
from interlock.serving.settings import BUNDLE, Settings, sqlite_url, without_password

FILE: Final = "interlock.toml"
#: The folder beside the file that is laid over the shipped policy
POLICIES: Final = "policies"
_WRITABLE_BY_ALL: Final = 0o002


@dataclass(frozen=True, kw_only=True, slots=True)
class Workspace:
    """The settings in force, and by the name of each setting that was written: where."""

    file: Path | None
    settings: Settings
    origins: Mapping[str, Origin]


def open_workspace(
    environment: Mapping[str, str] | None = None,
    *,
    place: Path | None = None,
    chosen: Mapping[str, str] | None = None,
) -> Workspace:
    """Read the workspace at *place*, a file or its folder.

    Without *place* the variable INTERLOCK_WORKSPACE names it, or the current folder or the nearest
    one above that has the file. *chosen* are values of the command line. Raises `BadInput` naming
    what cannot be used, where it was written, and what may stand there.
    """
    variables = os.environ if environment is None else environment
    file = file_of(variables, place)
    origins = from_file(file, settings_by_name()) if file else {}
    origins |= from_environment(variables)
    for wrong in unknown(origins).values():
        raise wrong
    for name, value in (chosen or {}).items():
        origins[name] = Origin(
            value=value,
            where=f"--{name}",
        )
    return Workspace(
        file=file,
        settings=checked(origins, file),
        origins=origins,
    )


def read(
    environment: Mapping[str, str] | None = None,
    *,
    bundle: Path = BUNDLE,
    home: Path | None = None,
) -> Settings:
    """Return the settings that *environment* alone gives, with *home* before what it names."""
    variables = os.environ if environment is None else environment
    chosen = {"home": str(home)} if home else {}
    if "INTERLOCK_BUNDLE" not in variables:
        chosen["bundle"] = str(bundle)
    return open_workspace(variables, chosen=chosen).settings


def file_of(variables: Mapping[str, str], place: Path | None) -> Path | None:
    """Return the workspace's file, or None where there is none; see `open_workspace`."""
    named = place or (
        variables.get("INTERLOCK_WORKSPACE") and Path(variables["INTERLOCK_WORKSPACE"])
    )
    if named:
        file = _resolved(named, what="the workspace")
        file = file / FILE if file.is_dir() else file
        if not file.is_file():
            raise BadInput(
                what=f"workspace {named}",
                why=f"there is no {FILE}",
                next_step="Make one with `interlock init FOLDER`, or name another place.",
            )
        return file
    try:
        folder = Path.cwd()
    except OSError:
        return None  # the current folder is gone
    nearest = next(
        (
            above / FILE
            for above in (folder, *folder.parents)
            if (above / FILE).is_file()
        ),
        None,
    )
    if nearest is None:
        return None
    file = (
        nearest.resolve()
    )  # beside a link there may be somebody else's modules and policies
    _refuse_foreign(file, file)
    _refuse_foreign(file.parent, file)
    return file


def _refuse_foreign(place: Path, file: Path) -> None:
    """Refuse a file or folder that was found, not named, when another account may write there."""
    status = place.stat()
    if status.st_uid in {os.getuid(), 0} and not status.st_mode & _WRITABLE_BY_ALL:
        return
    raise BadInput(
        what=str(place),
        why="another account may have written there, and settings say which code is loaded",
        next_step=f"Make it yours alone, or name it: --workspace {file.parent}.",
    )


def _values(
    origins: Mapping[str, Origin], known: Mapping[str, Setting], *, folder: Path | None
) -> dict[str, Any]:
    """Return the values as the fields of `Settings`; a path of the file starts at its folder."""
    values: dict[str, Any] = {}
    for name, origin in origins.items():
        value = origin.value
        if known[name].is_path and isinstance(value, str):
            value = _resolved(
                Path(value),
                what=origin.where,
                start=origin.folder,
            )
        section, _, key = name.rpartition(".")
        (values.setdefault(section, {}) if section else values)[key] = value
    default = (
        folder / ".interlock"
        if folder
        else _resolved(Path("~/.interlock"), what="the home")
    )
    home = values.setdefault("home", default)
    if isinstance(home, Path):
        if home.exists() and not home.is_dir():
            where = origins["home"].where if "home" in origins else "the home"
            raise BadInput(
                what=f"{where} {home}",
                why="it is not a folder",
                next_step="Name another place.",
            )
        values.setdefault("database", sqlite_url(home / "interlock.db"))
        values.setdefault("people", home / "people.yaml")
    if folder is not None:
        values.setdefault("modules", folder)
        if (folder / POLICIES).is_dir():
            values.setdefault("policies", folder / POLICIES)
    return values


def _resolved(path: Path, *, what: str, start: Path = Path()) -> Path:
    try:
        return (start / path.expanduser()).resolve()
    except (RuntimeError, OSError) as error:
        raise BadInput(
            what=what,
            why=str(error),
            next_step="Name another place.",
        ) from error


def checked(origins: Mapping[str, Origin], file: Path | None) -> Settings:
    """Return the settings that *origins* are, with what is not written as it is by default.

    Raises `BadInput` naming the first that cannot be used.
    """
    values = _values(
        origins,
        settings_by_name(),
        folder=file.parent if file else None,
    )
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _refusal(first, origins) from error


def _named(places: list[str], origins: Mapping[str, Origin]) -> str:
    """Return the setting at *places*: the nearest that was written, or that is to be written."""
    names = [".".join(places[:length]) for length in range(len(places), 0, -1)]
    inner = [name for name in origins if name.startswith(f"{names[-1]}.")]
    candidates = names if names[0] in settings_by_name() else [*names, *inner]
    return next((name for name in candidates if name in origins), names[0])


def _refusal(error: Any, origins: Mapping[str, Origin]) -> BadInput:
    """Return what is wrong with a setting: its place, its value, and what may stand there.

    The value of a secret is left out.
    """
    name = _named([str(part) for part in error["loc"]], origins)
    setting = settings_by_name().get(name)
    why = str(error["msg"]).removeprefix("Value error, ")
    if name not in origins or setting is None:
        variable = PREFIX + name.replace(".", "_").upper()
        why = "it is missing" if error["type"] == "missing" else why
        return BadInput(
            what=f"{variable} ({name})",
            why=why,
            next_step=f"Set it in {FILE}.",
        )
    origin = origins[name]
    value = (
        without_password(origin.value)
        if isinstance(origin.value, str)
        else origin.value
    )
    written = "" if setting.secret else f" {value!r}"
    label = (
        origin.where if origin.where == setting.variable else f"{origin.where} {name}"
    )
    next_step = f"{setting.about or 'It is a setting'}."
    return BadInput(
        what=f"{label}{written}",
        why=why[:1].lower() + why[1:],
        next_step=next_step,
    )
