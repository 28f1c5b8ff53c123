"""People: a list that is right or refused, and that locks nobody out unseen."""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.errors import BadInput
from interlock.serving import people
from interlock.serving.people import Person

Command = Callable[..., Any]
ROLES = frozenset({"analyst", "reviewer", "administrator"})


def test_without_a_list_the_account_asks_and_administers(tmp_path: Path) -> None:
    """A new home can be used by whoever made it, and by nobody else."""
    everyone = people.load(tmp_path / "people.yaml", roles=ROLES)

    assert list(everyone) == [people.current()]
    assert everyone[people.current()].roles == ("analyst", "administrator")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("people: [{id: ana, roles: [analist]}]", "'analist' of 'ana' is no role"),
        (
            "people: [{id: ana}, {id: ana, roles: [reviewer]}]",
            "'ana' stands there twice",
        ),
        ('people: [{id: ana}, {id: "A\\u200bna"}]', "stands there twice"),
        ("people: 7", "field people"),
        ("people: [{id: ana}]\npeople: []", "line 2: the key 'people' is here twice"),
        ("people: [", "line 1"),
        ("[" * 20_000, "recursion"),
    ],
)
def test_a_list_that_is_not_right_is_refused(
    tmp_path: Path, text: str, why: str
) -> None:
    """A misspelt role, a name that stands twice and a wrong form are named with the file."""
    file = tmp_path / "people.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(BadInput) as refused:
        people.load(file, roles=ROLES)

    assert refused.value.what == str(file)
    assert why in refused.value.why


def test_a_list_is_its_owners_alone(tmp_path: Path) -> None:
    """What is written is read back the same, and nobody else may read the list."""
    file = tmp_path / "people.yaml"
    everyone = [Person(id="ana", roles=("analyst",)), Person(id="J\u00f6rg")]
    people.write(file, everyone)

    assert list(people.load(file).values()) == everyone
    assert file.stat().st_mode & 0o077 == 0


def test_somebody_unlisted_has_no_roles(tmp_path: Path) -> None:
    """A name that is not in the list is granted nothing; a blank name is refused."""
    file = tmp_path / "people.yaml"

    assert people.principal(file, "mallory", tenant="default").roles == ()
    with pytest.raises(BadInput):
        people.principal(file, " ", tenant="default")


def test_the_first_person_added_does_not_lock_the_account_out(
    home: Path, command: Command
) -> None:
    """A new list keeps what the account could do before."""
    added = command(home, "people", "add", "rhea", "--role", "reviewer")
    listed = command(home, "people", "list", "--json").value

    assert added.code == 0
    assert {person["id"] for person in listed["people"]} == {people.current(), "rhea"}


def test_a_role_that_is_none_is_refused(home: Path, command: Command) -> None:
    """A misspelt role is refused with the roles there are, and no list is written."""
    ran = command(home, "people", "add", "rhea", "--role", "reviewr")

    assert ran.code == 2
    assert "reviewer" in ran.err
    assert not (home / "people.yaml").exists()


def test_the_last_administrator_stays(home: Path, command: Command) -> None:
    """Nobody removes the one person who could release a kill switch."""
    command(home, "people", "add", "rhea", "--role", "reviewer")
    refused = command(home, "people", "remove", people.current())
    command(home, "people", "add", "ada", "--role", "administrator")

    assert refused.code == 2
    assert command(home, "people", "remove", people.current()).code == 0
    assert command(home, "people", "remove", "nobody").code == 2


def acts(command: Command, home: Path) -> list[tuple[str, str]]:
    """Return the tool and the effect of each act that the ledger has."""
    ran = command(home, "audit", "show", "--json")
    bodies = [json.loads(line)["body"] for line in ran.out.splitlines()]
    return [(body["tool"], body["effect"]) for body in bodies if body["event"] == "act"]


def test_who_may_do_what_is_changed_by_acts(home: Path, command: Command) -> None:
    """Adding and removing are decided by the policy and recorded, and no name leaves the home."""
    command(home, "people", "add", "zelda", "--role", "administrator")
    denied = command(
        home, "people", "add", "quentin", "--role", "reviewer", "--as", "quentin"
    )
    removed = command(home, "people", "remove", "zelda", "--as", "zelda")
    record = home.parent / "record"
    command(home, "audit", "export", str(record))

    assert (denied.code, removed.code) == (4, 0)
    assert acts(command, home)[:3] == [
        ("people.add", "permit"),
        ("people.add", "deny"),
        ("people.remove", "permit"),
    ]
    assert list(people.load(home / "people.yaml")) == [people.current()]
    assert "zelda" not in record.read_text("utf-8")


def test_without_a_policy_nobody_is_added(home: Path, command: Command) -> None:
    """Where the policy cannot be loaded the list of people stays as it is."""
    at = {"INTERLOCK_BUNDLE": str(home / "nowhere.tar.gz")}
    added = command(home, "people", "add", "rhea", "--role", "reviewer", **at)

    assert added.code == 5
    assert not (home / "people.yaml").exists()


def test_whoever_changes_the_list_holds_it(tmp_path: Path) -> None:
    """While the list is being changed nobody else can take it, so that no removal is undone."""
    other = os.open(tmp_path, os.O_RDONLY)
    with people.alone(tmp_path / "people.yaml"), pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)
