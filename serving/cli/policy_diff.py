"""The command `interlock policy diff`."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.serving.cli import session
from interlock.serving.cli.session import AsJson
from interlock.serving.cli.show import shown
from interlock.serving.policy.difference import DataChange, Difference, difference
from interlock.serving.policy.in_force import in_force
from interlock.serving.policy.overlay import overlaid
from interlock.serving.settings import Settings

Side: TypeAlias = Annotated[
    Path,
    typer.Argument(help="A bundle, or a folder of policies over the bundle in use."),
]
Other: TypeAlias = Annotated[
    Path | None,
    typer.Argument(help="The same; default: the policy in force."),
]


def diff(before: Side, after: Other = None, *, as_json: AsJson = False) -> None:
    """Say what changes from one policy to another: grants, limits, catalogue and rules."""
    settings = session.configured()
    newer = in_force(settings) if after is None else _policy(after, settings)
    compared = difference(_policy(before, settings), newer)
    if as_json:
        session.print_json(asdict(compared))
        return
    for line in _lines(compared):
        session.say(shown(line))


def _policy(place: Path, settings: Settings) -> Bundle:
    """Return the policy at *place*; raises `GuardFailed` or `Unfit` for one that cannot be used."""
    if place.is_dir():
        return overlaid(load(settings.bundle), place)
    return load(place)


def _lines(compared: Difference) -> Iterator[str]:
    for change in compared.data:
        yield _line(change)
    for rule in compared.rules:
        yield from rule.lines
    if compared.is_module_changed and not compared.rules:
        yield "The compiled module has other bytes, and no rule explains that."
    if compared.before == compared.after:
        yield f"Both are revision {compared.after}."
    else:
        yield f"Revision {compared.before} -> {compared.after}"


def _line(change: DataChange) -> str:
    """Return a value that was replaced with an arrow, and what came or went with its sign."""
    removed = [str(item) for item in change.removed]
    added = [str(item) for item in change.added]
    if len(removed) == len(added) == 1:
        return f"{change.place}: {removed[0]} -> {added[0]}"
    signs = [*(f"-{item}" for item in removed), *(f"+{item}" for item in added)]
    return f"{change.place}: {' '.join(signs)}"
