"""Slips of a person at the command line: each is refused by name, and none does more or less than
was said.
"""

import getpass
import json
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
def test_a_slip_is_refused_by_name(
    used: Path, command: Command, arguments: tuple[str, ...], what: str
) -> None:
    """A name that is blank, unknown or not what it looks like is bad input, and nothing is recorded
    for it.
    """
    before = command(used, "audit", "verify", "--json").value["size"]
    ran = command(used, *arguments)

    assert ran.code == 2
    assert what in ran.err
    assert command(used, "audit", "verify", "--json").value["size"] == before


def test_whoever_lets_a_switch_go_is_named(used: Path, command: Command) -> None:
    """The record names the person who was named, not the account that the command ran under."""
    (used / "people.yaml").write_text(
        "people:\n- {id: ada, roles: [administrator]}\n", "utf-8"
    )
    assert command(used, "kill", "engage", "tool", "mail.send").code == 0
    assert (
        command(used, "kill", "release", "tool", "mail.send", "--as", "ada").code == 0
    )
    released = command(used, "audit", "show", "--json").out.splitlines()[-1]

    assert '"by": "ada"' in released


def test_a_beginning_that_fits_two_actions_names_none(
    reviewed: Path, command: Command
) -> None:
    """The beginning of an id is enough only while one action has it."""
    (run,) = command(reviewed, "run", "list", "--json").value
    ids = [
        each["id"]
        for each in command(reviewed, "run", "show", run["run_id"], "--json").value[
            "decisions"
        ]
    ]
    shared = [
        each
        for each in "0123456789abcdef"
        if sum(one.startswith(each) for one in ids) > 1
    ]

    assert (
        command(reviewed, "policy", "explain", ids[0][:12], "--json").value["action"]
        == ids[0]
    )
    assert {command(reviewed, "policy", "explain", each).code for each in shared} <= {2}


def test_a_decision_after_a_verdict_is_the_one_explained(
    used: Path, command: Command
) -> None:
    """An action that was decided again is explained by its newest decision."""
    (waiting,) = command(used, "approvals", "list", "--json").value
    command(
        used,
        "approvals",
        "reject",
        waiting["id"],
        "--as",
        "rhea",
        "--note",
        "not this one",
    )
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


def test_an_effect_that_failed_is_told(used: Path, command: Command) -> None:
    """A mail that could not be handed over makes the command fail, with the reason in text and
    JSON.
    """
    nobody = {"INTERLOCK_SMTP": "127.0.0.1:1"}
    (asked,) = command(used, "approvals", "list", "--json").value
    for act in ("repin", "resume"):
        command(used, "run", act, asked["run_id"], **nobody)
    (waiting,) = command(used, "approvals", "list", "--json").value
    verdict = (
        "approvals",
        "approve",
        waiting["id"],
        "--as",
        "rhea",
        "--note",
        "checked",
        "--json",
    )
    ran = command(used, *verdict, **nobody)
    (sent,) = [each for each in ran.value["decisions"] if each["tool"] == "mail.send"]

    assert ran.code == 5
    assert sent["state"] == "failed"
    assert sent["failure"]["code"]
    assert sent["failure"]["detail"] in " ".join(
        command(used, "run", "show", waiting["run_id"])
        .out.replace("\u2502", "")
        .split()
    )


def test_a_name_that_cannot_be_recorded_loses_no_other_file(
    used: Path, command: Command, contract: Path
) -> None:
    """A file whose name is no text is refused in one line that says which; the files after it are
    reviewed.
    """
    ran = command(
        used, "review", "bad\udcff.txt", str(contract), "--as", "ana", "--json"
    )
    lines = [json.loads(line) for line in ran.out.splitlines()]

    assert ran.code == 2
    assert ran.err.startswith("interlock: bad")
    assert [each["status"] for each in lines] == ["refused", "done"]


@pytest.mark.parametrize(
    "address", ["ana", "ana@", "@example.com", "ana@example", "a b@example.com", ""]
)
def test_what_is_no_address_is_refused_before_the_review(
    used: Path, command: Command, contract: Path, address: str
) -> None:
    """Somebody who mistypes an address hears of it at once, and no run is started."""
    ran = command(used, "review", str(contract), "--as", "ana", "--notify", address)

    assert ran.code == 2
    assert "--notify" in ran.err
    assert len(command(used, "run", "list", "--json").value) == 1


def test_a_new_home_is_its_owners_alone(tmp_path: Path, command: Command) -> None:
    """What lies in a home is for the account that made it, whatever the umask says."""
    home = tmp_path / "new"
    assert command(home, "run", "list").code == 0

    assert home.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "reviewers",
    [
        (getpass.getuser(),),
        (getpass.getuser().upper(),),
        ("ann", "ann"),
        ("ann", "Ann "),
        ("",),
        ("a\u200bnn",),
    ],
)
def test_a_workspace_begins_with_people_who_can_work(
    tmp_path: Path, command: Command, reviewers: tuple[str, ...]
) -> None:
    """A reviewer who is this account, stands there twice or cannot be read is refused.

    Nothing is written then: such a list would be refused by every later command.
    """
    place = tmp_path / "work"
    options = [word for name in reviewers for word in ("--reviewer", name)]
    ran = command(None, "init", str(place), *options)

    assert (ran.code, "--reviewer" in ran.err) == (2, True)
    assert not place.exists()


def test_the_people_who_are_listed_already_are_kept_and_named(
    tmp_path: Path, command: Command
) -> None:
    """A list that stands in the folder stays as it is, and `init` says so."""
    listed = tmp_path / "people.yaml"
    listed.write_text("people: [{id: ada, roles: [reviewer]}]\n", "utf-8")
    ran = command(None, "init", str(tmp_path), "--reviewer", "ann")

    assert (ran.code, "ann decides" in ran.out) == (0, False)
    assert "ada" in listed.read_text("utf-8")


@pytest.mark.parametrize("tenant", ["a\udcff", "@home"])
def test_a_name_that_no_tenant_can_have_is_one_clear_error(
    home: Path, command: Command, tenant: str
) -> None:
    """The setting is named; nothing is made under the name."""
    ran = command(home, "kill", "release", "all", "--json", INTERLOCK_TENANT=tenant)

    assert ran.code == 2
    assert "INTERLOCK_TENANT" in ran.err
    assert not (home / "interlock.db").exists()


def test_a_name_that_no_person_can_have_is_one_clear_error(
    home: Path, command: Command
) -> None:
    """Half a character in --as is refused before anything is recorded."""
    assert command(home, "kill", "engage", "all", "--as", "a\udcff").code == 2


def test_a_tenant_named_home_has_a_log_of_its_own(home: Path, command: Command) -> None:
    """What belongs to no tenant and what belongs to the tenant "home" are two logs."""
    command(home, "kill", "engage", "all", INTERLOCK_TENANT="home")
    asked = command(
        home, "records", "export", str(home / "x.csv"), INTERLOCK_TENANT="home"
    )
    exported = command(home, "audit", "export", str(home / "record"), "--json")

    assert asked.code == 0
    assert sorted(exported.value["logs"]) == ["@home", "home"]
    assert command(home, "audit", "verify").code == 0
