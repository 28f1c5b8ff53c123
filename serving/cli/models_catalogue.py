"""Where the commands of models find the catalogue and the home."""

from pathlib import Path
from typing import Annotated

import typer

from interlock.serving.cli import session

File = Annotated[
    Path | None,
    typer.Option(
        "--file", help="The catalogue; default: models.yaml of the workspace."
    ),
]


def catalogue_file(named: Path | None) -> Path:
    """Return *named*, or `models.yaml` beside the settings, or in the current folder."""
    from interlock.serving.vllm.catalogue import FILE

    if named is not None:
        return named
    settings = session.opened_workspace().file
    return (settings.parent if settings is not None else Path()) / FILE


def home_of() -> Path:
    """Return the home of the workspace."""
    return session.configured().home
