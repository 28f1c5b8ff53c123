"""Where settings are written: the lines of a file, and the variables of an environment.

What is written there is not judged here but for its name: a name that is no setting is refused.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, is_dataclass
from dataclasses import fields as dataclass_fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel

from interlock.runtime.errors import BadInput
from interlock.serving.settings import Settings

PREFIX: Final = "INTERLOCK_"
#: Variables that are read elsewhere: where the workspace is, and what building and training use
OTHER_VARIABLES: Final = frozenset(
    {"INTERLOCK_WORKSPACE", "INTERLOCK_OPA", "INTERLOCK_CUAD", "INTERLOCK_KEY"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting: its name in the file ("model.url"), and what it says."""

    name: str
    about: str
    secret: bool
    is_path: bool

    @property
    def variable(self) -> str:
        """The name of the environment variable."""
        return PREFIX + self.name.replace(".", "_").upper()


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """A value as it was written, and where: an option, a variable, or a file with its line."""

    value: Any
    where: str
    #: Where a path that is not absolute starts
    folder: Path = Path()


@cache
def settings_by_name() -> Mapping[str, Setting]:
    """Return every setting by its name in the file."""
    return {setting.name: setting for setting in _leaves(Settings, prefix="")}


def from_file(file: Path, known: Mapping[str, Setting]) -> dict[str, Origin]:
    """Return what *file* sets, by name; raises `BadInput` when the file cannot be read."""
    try:
        text = file.read_text("utf-8")
        document = tomllib.loads(text)
    except (OSError, ValueError) as error:
        why = " ".join(str(error).split())
        raise BadInput(
            what=str(file),
            why=why,
            next_step="Correct the file.",
        ) from error
    origins = {}
    for name, value in _flattened(
        document,
        known,
        prefix="",
    ):
        origins[name] = Origin(
            value=value,
            where=f"{file}{_line(text, name)}",
            folder=file.parent,
        )
    return origins


def _flattened(
    table: Mapping[str, Any], known: Mapping[str, Setting], *, prefix: str
) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        name = prefix + key
        if isinstance(value, dict) and name not in known:
            yield from _flattened(
                value,
                known,
                prefix=f"{name}.",
            )
        else:
            yield name, value


def _line(text: str, name: str) -> str:
    """Return ":LINE" where the file sets *name*, or nothing where that cannot be told."""
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\[\]]+)\]", line)
        key = re.match(r"\s*([\w.\"'-]+)\s*=", line)
        if header:
            table = header[1].strip() + "."
        here = table[:-1] if header else table + (key[1] if key else "")
        if here == name:
            return f":{number}"
    return ""


def from_environment(variables: Mapping[str, str]) -> dict[str, Origin]:
    """Return what the environment sets, by name; a variable that is empty is not set.

    A variable that stands for no setting is returned by its own name.
    """
    by_variable = _by_variable()
    origins = {}
    for variable, value in variables.items():
        if not variable.startswith(PREFIX) or variable in OTHER_VARIABLES or not value:
            continue
        name = by_variable.get(variable, variable)
        origins[name] = Origin(
            value=value,
            where=variable,
        )
    return origins


def unknown(origins: Mapping[str, Origin]) -> dict[str, BadInput]:
    """Return, by name, what is wrong with each of *origins* that is no setting."""
    known = settings_by_name()
    wrong = {}
    for name, origin in origins.items():
        if name in known:
            continue
        is_variable = origin.where == name
        names = [*_by_variable(), *OTHER_VARIABLES] if is_variable else list(known)
        wrong[name] = BadInput(
            what=name if is_variable else f"{origin.where} {name}",
            why="there is no such setting",
            next_step=_suggestion(name, names),
        )
    return wrong


def _by_variable() -> dict[str, str]:
    return {setting.variable: setting.name for setting in settings_by_name().values()}


def _suggestion(name: str, names: list[str]) -> str:
    longer = [other for other in names if other.startswith((f"{name}_", f"{name}."))]
    likely = longer or get_close_matches(
        name,
        names,
        n=1,
        cutoff=0.7,
    )
    if not likely:
        return "See the names with `interlock config show`."
    return f"Did you mean {' or '.join(likely)}?"


def _leaves(model: type[BaseModel], *, prefix: str) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        inner = next(
            (part for part in _parts(field.annotation) if _has_fields(part)), None
        )
        if get_origin(field.annotation) is dict:
            inner = None  # a table of what the user names is one setting
        if inner is None:
            yield Setting(
                name=prefix + name,
                about=field.description or "",
                secret=not field.repr,
                is_path=Path in _parts(field.annotation),
            )
        elif issubclass(inner, BaseModel):
            yield from _leaves(inner, prefix=f"{name}.")
        else:
            for part in dataclass_fields(inner):
                about = f"{field.description}: {part.name}"
                yield Setting(
                    name=f"{name}.{part.name}",
                    about=about,
                    secret=False,
                    is_path=False,
                )


def _parts(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) or (annotation,)


def _has_fields(part: Any) -> bool:
    return isinstance(part, type) and (
        is_dataclass(part) or issubclass(part, BaseModel)
    )
