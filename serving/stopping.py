"""The settings of a stop: as many of those that are written as can be used.

A stop has to know where the record is. Whatever else is wrong with the settings keeps nobody from
stopping: a setting that cannot be used counts as not written, and whoever stops is told.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from interlock.runtime.errors import BadInput
from interlock.serving.origins import (
    Origin,
    from_environment,
    from_file,
    settings_by_name,
    unknown,
)
from interlock.serving.settings import Settings
from interlock.serving.workspace import Workspace, checked, file_of

#: What says where the record is: without these the wrong home would be stopped
NEEDED: Final = frozenset({"home", "database"})


def open_for_stop(
    environment: Mapping[str, str] | None = None, *, place: Path | None = None
) -> tuple[Workspace, tuple[BadInput, ...]]:
    """Read the workspace as `open_workspace` does, and return what was left out of it and why.

    Raises `BadInput` when a setting of `NEEDED` cannot be used, and when the file cannot be read
    while the environment does not name both of them (fails closed: no other home is stopped).
    """
    variables = os.environ if environment is None else environment
    file = file_of(variables, place)
    written, left_out = _written(variables, file)
    wrong = unknown(written)
    left_out += wrong.values()
    groups: dict[str, dict[str, Origin]] = {}
    for name in written.keys() - wrong.keys():
        groups.setdefault(name.partition(".")[0], {})[name] = written[name]
    used = {name: written[name] for name in NEEDED & written.keys()}
    settings = checked(used, file)
    for name in sorted(groups.keys() - NEEDED):
        settings, used, why = _with(groups[name], used, settings, file)
        left_out += why
    return Workspace(file=file, settings=settings, origins=used), tuple(left_out)


def _written(
    variables: Mapping[str, str], file: Path | None
) -> tuple[dict[str, Origin], list[BadInput]]:
    """Return what is written, and why a file that cannot be read is left out."""
    from_variables = from_environment(variables)
    if file is None:
        return from_variables, []
    try:
        return from_file(file, settings_by_name()) | from_variables, []
    except BadInput as error:
        if not from_variables.keys() >= NEEDED:
            raise BadInput(
                what=str(file),
                why=f"{error.why}, so nobody knows which home to stop",
                next_step="Correct the file, or set INTERLOCK_HOME and INTERLOCK_DATABASE.",
            ) from error
        return from_variables, [error]


def _with(
    group: dict[str, Origin],
    used: dict[str, Origin],
    settings: Settings,
    file: Path | None,
) -> tuple[Settings, dict[str, Origin], list[BadInput]]:
    """Return the settings and their origins with *group*, or without it and why."""
    try:
        return checked(used | group, file), used | group, []
    except BadInput as error:
        return settings, used, [error]
