"""Finding the files of cases: by path, or by name in the folder `evals` of the workspace."""

from pathlib import Path
from typing import Final

from interlock.evals.own.file import CaseFile
from interlock.evals.own.suite import Own
from interlock.runtime.errors import NotFound
from interlock.serving.scaffold.evaluation import EVALS
from interlock.serving.workspace import Workspace

_SUFFIX: Final = ".yaml"


def names(workspace: Workspace) -> list[str]:
    """Return the names of the files in the folder; none where there is no workspace."""
    folder = _folder(workspace)
    return sorted(file.stem for file in folder.glob(f"*{_SUFFIX}")) if folder else []


def own(name: str, workspace: Workspace) -> Own:
    """Return the suite of a file; raises `NotFound`, or `BadInput` for a file that is none."""
    folder = _folder(workspace)
    if name.endswith((_SUFFIX, ".yml")):
        path = Path(name)
    elif name in names(workspace) and folder is not None:
        path = folder / f"{name}{_SUFFIX}"
    else:
        raise NotFound(
            kind="suite",
            name=name,
            next_step="See `interlock eval list`; or begin one with `interlock new eval NAME`.",
        )
    return Own(name=name, file=CaseFile.read(path), settings=workspace.settings)


def _folder(workspace: Workspace) -> Path | None:
    return None if workspace.file is None else workspace.file.parent / EVALS
