"""What is typed in words: fields of a request, and a yes or a no."""

import json
import sys
from typing import Any

import typer

from interlock.runtime.errors import BadInput


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
