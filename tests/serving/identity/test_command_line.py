"""The command line on a home with accounts: it asks who you are, and a stop never waits."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interlock.errors import BadInput
from interlock.serving import people

Command = Callable[..., Any]


@pytest.fixture
def guarded(
    home: Path, command: Command, phrase: str, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A home in which ada, the administrator, has an account, and nobody is signed in."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{phrase}\n"))
    roles = ("--role", "administrator", "--role", "analyst")
    added = command(home, "people", "add", "ada", *roles, "--password-stdin")
    assert added.code == 0, added.err
    return home


def test_nobody_is_believed_on_trust(guarded: Path, command: Command) -> None:
    """With an account in the home, neither --as nor the machine's account says who acts."""
    for words in (
        ("people", "add", "eve", "--role", "reviewer", "--as", "ada"),
        ("people", "add", "eve", "--role", "reviewer"),
        ("keys", "list"),
        ("records", "export", "x.json", "--as", "ada"),
    ):
        refused = command(guarded, *words)
        assert (refused.code, "sign-in" in refused.err) == (4, True), refused.err
    assert "eve" not in (guarded / "people.yaml").read_text("utf-8")


def test_a_session_of_the_terminal_and_a_key_say_who_acts(
    guarded: Path, command: Command, phrase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sign-in` keeps a session that `sign-out` ends; INTERLOCK_KEY needs none."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{phrase}\n"))
    assert command(guarded, "sign-in", "ada", "--password-stdin").code == 0
    (kept,) = guarded.glob("sign-in-*")
    assert kept.stat().st_mode & 0o077 == 0
    copied = kept.read_bytes()
    issued = command(
        guarded, "keys", "issue", "nightly", "--role", "administrator", "--json"
    ).value
    assert command(guarded, "sign-out").code == 0
    kept.write_bytes(copied)
    assert command(guarded, "keys", "list").code == 4
    kept.unlink()

    key = {"INTERLOCK_KEY": issued["text"]}
    added = command(guarded, "people", "add", "eve", "--role", "reviewer", **key)
    assert added.code == 0, added.err
    assert command(guarded, "keys", "revoke", issued["id"], **key).code == 0
    assert command(guarded, "keys", "list", **key).code == 4


def test_a_name_beside_a_session_is_refused(
    guarded: Path, command: Command, phrase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is signed in and names somebody acts as neither: --as is not passed over."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{phrase}\n"))
    assert command(guarded, "sign-in", "ada", "--password-stdin").code == 0
    refused = command(
        guarded, "people", "add", "eve", "--role", "reviewer", "--as", "ana"
    )

    assert (refused.code, "--as" in refused.err) == (4, True), refused.err
    assert "eve" not in (guarded / "people.yaml").read_text("utf-8")


def test_the_owner_of_the_machine_is_not_locked_out(
    guarded: Path, command: Command
) -> None:
    """A link needs no password, serves once, and signs in whoever is listed."""
    code = command(guarded, "sign-in-link", "--json").value["code"]
    signed_in = command(guarded, "sign-in", "--code", code, "--json").value

    assert signed_in["id"] == people.current()
    assert command(guarded, "sign-in", "--code", code).code == 4
    assert command(guarded, "sign-in-link", "nobody").code == 2


def test_a_stop_waits_for_no_password(guarded: Path, command: Command) -> None:
    """Anybody stops a home with accounts, in the machine's name and not in a name on trust."""
    stopped = command(guarded, "kill", "engage", "all", "--as", "ada")
    released = command(guarded, "kill", "release", "all", "--as", "ada")
    shown = command(guarded, "audit", "show", "--json").out

    assert stopped.code == 0, stopped.err
    assert released.code == 4
    engaged = next(line for line in shown.splitlines() if "kill_switch.engage" in line)
    assert f'"{people.current()}"' in engaged


def test_a_worker_starts_at_night_without_anybody(
    guarded: Path, command: Command
) -> None:
    """The machine's account starts a worker, is named in the record, and may do nothing else."""
    started = command(guarded, "worker", "--once")
    shown = command(guarded, "audit", "show", "--json").out.splitlines()
    (told,) = [line for line in shown if "worker.start" in line]

    assert started.code == 0, started.err
    assert f'"machine:{people.current()}"' in told
    assert command(guarded, "worker", "--once", "--as", "ada").code == 4
    bad_key = {"INTERLOCK_KEY": "ilk_nothing"}
    assert command(guarded, "worker", "--once", **bad_key).code == 4
    assert command(guarded, "kill", "release", "all").code == 4
    for name in ("machine:root", "OIDC:ana", "agent:ana"):
        with pytest.raises(BadInput):
            people.load(listed(guarded / "people.yaml", name))


def listed(file: Path, name: str) -> Path:
    """Write a list of one person, and return its file."""
    file.write_text(f"people: [{{id: '{name}'}}]", "utf-8")
    return file
