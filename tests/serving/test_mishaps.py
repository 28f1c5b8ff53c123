"""Slips of a person at the command line: each is refused by name, and none does more or less than was said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("kill", "engage", "tool", "mail.sned"), "mail.sned"),
        (("kill", "engage", "run", "run-nope"), "run-nope"),
        (("kill", "engage", "tenant", "a\u2028b"), "hidden characters"),
        (("kill", "release", "all", "--as", ""), "--as"),
        (("review", "x.txt", "--as", " "), "--as"),
        (("policy", "explain", ""), "action"),
    ],
)
def test_a_slip_is_refused_by_name(used: Path, command: Command, arguments: tuple[str, ...], what: str) -> None:
    """A name that is blank, unknown or not what it looks like is bad input, and nothing is recorded for it."""
    before = command(used, "audit", "verify", "--json").value["size"]
    ran = command(used, *arguments)

    assert ran.code == 2
    assert what in ran.err
    assert command(used, "audit", "verify", "--json").value["size"] == before


def test_whoever_lets_a_switch_go_is_named(used: Path, command: Command) -> None:
    """The record names the person who was named, not the account that the command ran under."""
    (used / "people.yaml").write_text("people:\n- {id: ada, roles: [administrator]}\n", "utf-8")
    assert command(used, "kill", "engage", "tool", "mail.send").code == 0
    assert command(used, "kill", "release", "tool", "mail.send", "--as", "ada").code == 0
    released = command(used, "audit", "show", "--json").out.splitlines()[-1]

    assert '"by": "ada"' in released


def test_a_beginning_that_fits_two_actions_names_none(reviewed: Path, command: Command) -> None:
    """The beginning of an id is enough only while one action has it."""
    (run,) = command(reviewed, "run", "list", "--json").value
    ids = [each["id"] for each in command(reviewed, "run", "show", run["run_id"], "--json").value["decisions"]]
    shared = [each for each in "0123456789abcdef" if sum(one.startswith(each) for one in ids) > 1]

    assert command(reviewed, "policy", "explain", ids[0][:12], "--json").value["action"] == ids[0]
    assert {command(reviewed, "policy", "explain", each).code for each in shared} <= {2}


def test_a_decision_after_a_verdict_is_the_one_explained(used: Path, command: Command) -> None:
    """An action that was decided again is explained by its newest decision."""
    (waiting,) = command(used, "approvals", "list", "--json").value
    command(used, "approvals", "reject", waiting["id"], "--as", "rhea", "--note", "not this one")
    told = command(used, "policy", "explain", waiting["action_id"], "--json").value

    assert told["recorded"]["effect"] == "deny"
    assert "approval_rejected" in {each["code"] for each in told["recorded"]["reasons"]}


def test_a_demo_takes_no_home_that_is_in_use(used: Path, command: Command) -> None:
    """A folder with anything in it is left as it is, its list of people above all."""
    before = (used / "people.yaml").read_bytes()
    ran = command(used, "demo", "--home", str(used))

    assert ran.code == 2
    assert str(used) in ran.err
    assert (used / "people.yaml").read_bytes() == before
