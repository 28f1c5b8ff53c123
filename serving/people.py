"""Who may use this workspace: `people.yaml`, names and roles.

The command line believes whoever owns the operating-system account and says `--as NAME`; a network
front end must authenticate instead (docs/threat-model.md). A name that is not listed has no roles
(fails closed). What a role may do stands in the policy.
"""

import fcntl
import getpass
import os
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import yaml
from pydantic import ValidationError

from interlock.runtime.door.tool import Value
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import Principal, identity
from interlock.tools import files, plain_yaml

#: Scripts of which letters look like those of another
_ALIKE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
#: How the names of those begin who are on no list: agents, workers, machines, people of an issuer
OF_ISSUER: Final = "oidc:"
UNLISTED: Final = ("agent:", "worker:", "machine:", OF_ISSUER)
#: Who starts a server or a worker when nobody is there
_MACHINE: Final = "machine"


class Person(Value):
    """One person."""

    id: str
    roles: tuple[str, ...] = ()


class People(Value):
    """Everyone this workspace knows."""

    people: tuple[Person, ...] = ()


def machine(*, tenant: str) -> Principal:
    """Return the account of the operating system as one that starts what a service manager starts.

    What its role may do stands in the policy: as shipped, to start a worker and to place canaries.
    """
    return Principal(
        id=f"{_MACHINE}:{current()}",
        tenant=tenant,
        roles=(_MACHINE,),
    )


def is_machine(person: Principal) -> bool:
    """Whether that is the account which `machine` returns, and not somebody with its name."""
    return person.roles == (_MACHINE,) and person.id == f"{_MACHINE}:{current()}"


def is_unlisted(name: str) -> bool:
    """Whether nobody who is listed can have the name, in whatever letters."""
    return identity(name).startswith(UNLISTED)


def current() -> str:
    """Return the name of the operating-system account."""
    return getpass.getuser()


def named(name: str | None) -> str:
    """Return *name*, or the account where nobody is named.

    Raises `BadInput` for a blank name (fails closed).
    """
    if name is None:
        return current()
    if not identity(name):
        raise BadInput(
            what="--as",
            why="the name is blank",
            next_step="Name somebody, or leave it out to be this account.",
        )
    return name


def refuse_unreadable(name: str) -> None:
    """Raise `BadInput` for a name that cannot be read, or that passes for another."""
    if not identity(name) or not name.isprintable():
        raise BadInput(
            what="the name",
            why="it cannot be read",
            next_step="Write a plain name.",
        )
    scripts = {
        unicodedata.name(letter, "").partition(" ")[0]
        for letter in name
        if letter.isalpha()
    }
    if len(scripts & _ALIKE) > 1:
        raise BadInput(
            what="the name",
            why="its letters are of several scripts that look alike",
            next_step="Write the name in letters of one script.",
        )


def load(file: Path, *, roles: Collection[str] | None = None) -> dict[str, Person]:
    """Return the people by name; without the file the account is analyst and administrator.

    Raises `BadInput` naming the file and what is wrong there: its form, a name that stands twice
    (in whatever letters) or is for somebody else, or a role that is none of *roles*.
    """
    try:
        document = plain_yaml.parse(file.read_text("utf-8")) or {}
        listed = People.model_validate(document, strict=False).people
    except FileNotFoundError:
        return {
            current(): Person(
                id=current(),
                roles=("analyst", "administrator"),
            )
        }
    except (OSError, ValueError) as error:
        raise _wrong(file, _why(error)) from error
    by_name: dict[str, Person] = {}
    identities: set[str] = set()
    for person in listed:
        if identity(person.id) in identities:
            raise _wrong(file, f"{person.id!r} stands there twice")
        if is_unlisted(person.id):
            raise _wrong(file, f"{person.id!r} is no name of a person who is listed")
        identities.add(identity(person.id))
        by_name[person.id] = person
        unknown = [
            role for role in person.roles if roles is not None and role not in roles
        ]
        if unknown:
            known = ", ".join(sorted(roles or ()))
            raise _wrong(
                file, f"{unknown[0]!r} of {person.id!r} is no role; roles are {known}"
            )
    return by_name


def write(file: Path, people: Iterable[Person]) -> None:
    """Write the file anew, whole or not at all; only its owner can read the file.

    Raises what `files.write` raises.
    """
    listed = [{"id": person.id, "roles": list(person.roles)} for person in people]
    text = "# Who may do what: `interlock people list` names the roles.\n"
    text += yaml.safe_dump(
        {"people": listed},
        sort_keys=False,
        allow_unicode=True,
    )
    files.write(file, text.encode())


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Hold the list until the end of the block, so that no other process changes the list.

    Whoever wants it meanwhile waits; a process that dies lets go.
    """
    file.parent.mkdir(
        parents=True,
        exist_ok=True,
        mode=0o700,
    )
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def principal(
    file: Path, name: str | None, *, tenant: str, roles: Collection[str,] | None = None
) -> Principal:
    """Return the person who is named, or the account, with the roles that *file* gives.

    Somebody who is not listed has no roles, so the policy grants nothing (fails closed).
    """
    chosen = named(name)
    person = load(file, roles=roles).get(chosen)
    return Principal(
        id=chosen,
        tenant=tenant,
        roles=person.roles if person else (),
    )


def _wrong(file: Path, why: str) -> BadInput:
    next_step = "Correct the file, or use `interlock people add` and `remove`."
    return BadInput(
        what=str(file),
        why=why,
        next_step=next_step,
    )


def _why(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return " ".join(str(error).split())
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "people"
    return f"field {place}: {first['msg']}"
