"""Commands of other packages: found by entry point, loaded late, never in the way of the others."""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest

from interlock.serving.cli import installed

Command = Callable[..., Any]


def brought(monkeypatch: pytest.MonkeyPatch, **commands: str) -> None:
    """Let other packages bring *commands*: a name and the object reference of each."""
    points = [
        EntryPoint(name=name, value=value, group=installed.GROUP)
        for name, value in commands.items()
    ]
    monkeypatch.setattr(installed, "entry_points", lambda *, group: points)


def test_the_evaluations_bring_their_commands() -> None:
    """The installed package has the commands `bench` and `demo`; else install the project again."""
    names = {point.name for point in entry_points(group=installed.GROUP)}

    assert names >= {"bench", "demo"}


def test_a_brought_command_is_listed_and_runs(
    home: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command of another package stands in the help and runs like one of ours."""
    brought(monkeypatch, measure="interlock.evals.bench.command:application")

    assert "measure" in command(home, "--help").out
    assert "gate" in command(home, "measure", "--help").out


def test_a_command_that_cannot_be_loaded_says_so_and_hinders_no_other(
    home: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken package costs its own command only: that one names the reason and ends with 5."""
    brought(monkeypatch, broken="no_such_package:application")
    ran = command(home, "broken", "anything", "--json")

    assert ran.code == 5
    assert "No module named 'no_such_package'" in ran.err
    assert command(home, "--help").code == 0
    assert command(home, "run", "list").code == 0


def test_a_package_cannot_replace_a_command_of_ours(
    home: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that the command line has itself is not looked up elsewhere."""
    brought(monkeypatch, run="no_such_package:application")

    assert command(home, "run", "list").code == 0


def test_an_unknown_command_is_bad_input(home: Path, command: Command) -> None:
    """A name that nobody brings ends with 2."""
    assert command(home, "no-such-command").code == 2
