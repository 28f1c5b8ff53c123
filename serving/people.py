"""Who may use this home: `people.yaml` beside the database, names and roles.

The command line believes whoever owns the operating-system account and says `--as NAME`; a network
front end must authenticate instead (docs/threat-model.md). A name that is not listed has no roles
(fails closed).
"""

import getpass
from pathlib import Path

import yaml
from pydantic import ValidationError

from interlock.runtime.door.tool import Value
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal


class Person(Value):
    """One person."""

    id: str
    roles: tuple[str, ...] = ()


class People(Value):
    """Everyone this home knows."""

    people: tuple[Person, ...] = ()


def current() -> str:
    """Return the name of the operating-system account."""
    return getpass.getuser()


def named(given: str | None) -> str:
    """Return who was named, or the account where nobody was; raises `BadInput` for a blank name (fails closed)."""
    if given is None:
        return current()
    if not given.strip():
        raise BadInput(
            what="--as",
            why="the name is blank",
            next_step="Name somebody, or leave it out to be this account.",
        )
    return given


def load(home: Path) -> dict[str, Person]:
    """Return the people by name; in a home without the file the current account is analyst and administrator.

    Raises `BadInput` naming the file and what is wrong in it.
    """
    path = home / "people.yaml"
    if not path.exists():
        return {current(): Person(id=current(), roles=("analyst", "administrator"))}
    try:
        known = People.model_validate(yaml.safe_load(path.read_text("utf-8")) or {}, strict=False)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise BadInput(what=str(path), why=_why(error), next_step="Correct the file.") from error
    return {person.id: person for person in known.people}


def write(home: Path, people: list[Person]) -> None:
    """Write the file anew."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = "# Roles: analyst (asks for reviews), reviewer (answers approvals), administrator (lets kill switches go).\n"
    listed = {"people": [{"id": person.id, "roles": list(person.roles)} for person in people]}
    (home / "people.yaml").write_text(text + yaml.safe_dump(listed, sort_keys=False), "utf-8")


def _why(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return " ".join(str(error).split())
    first = error.errors()[0]
    return f"field {'.'.join(str(part) for part in first['loc']) or 'people'}: {first['msg']}"


def principal(home: Path, name: str | None, *, tenant: str) -> Principal:
    """Return the person who was named, or the account, with the roles that this home gives.

    Somebody who is not listed has no roles, so the policy grants nothing (fails closed).
    """
    chosen = named(name)
    person = load(home).get(chosen)
    return Principal(id=chosen, tenant=tenant, roles=person.roles if person else ())
