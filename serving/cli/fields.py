"""What people type or hand over: fields of a request, arguments in a file, and a yes or a no."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import typer

from interlock.runtime.errors import BadInput
from interlock.serving import edited

#: The name of what comes by standard input
_INPUT: Final = "-"


def field(text: str) -> tuple[str, Any]:
    """Return the field and its value: JSON where the value is JSON, else the text as it stands."""
    name, separator, value = text.partition("=")
    if not separator or not name:
        next_step = "Write --set FIELD=VALUE."
        raise BadInput(
            what=f"--set {text}",
            why="it is not FIELD=VALUE",
            next_step=next_step,
        )
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def document(path: Path) -> dict[str, Any]:
    """Return the JSON object in the file, or in standard input for "-"; raises `BadInput`."""
    try:
        data = sys.stdin.buffer.read() if str(path) == _INPUT else path.read_bytes()
    except OSError as error:
        raise BadInput(
            what=str(path),
            why=f"it cannot be read: {error.strerror}",
            next_step="Name a JSON file, or - for input.",
        ) from error
    return edited.read(data, what=str(path))


def confirm(question: str, *, yes: bool) -> None:
    """Go on if *yes*, or if whoever sits at the terminal says so.

    Raises `BadInput` ("unconfirmed") where nobody can be asked (fails closed), and `typer.Abort`
    for a no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput(
            code="unconfirmed",
            what=question,
            why="nobody can be asked here",
            next_step="Say --yes.",
        )
    typer.confirm(
        question,
        abort=True,
        err=True,
    )
