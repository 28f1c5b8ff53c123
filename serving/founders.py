"""The first people of a new workspace: this account, and those who decide what it asks for."""

from collections.abc import Sequence
from typing import Final

from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import identity
from interlock.serving.people import Person, current

_REVIEWER: Final = "reviewer"
_ROLES: Final = ("analyst", "administrator")


def founders(reviewers: Sequence[str] = ()) -> list[Person]:
    """Return this account as analyst and administrator, then the reviewers.

    Without *reviewers* one person is made up. Raises `BadInput` for a reviewer who is this account,
    who is named twice (in whatever letters), or whose name is blank or has hidden characters.
    """
    account = current()
    names = list(reviewers) or [_made_up(account)]
    taken = {identity(account)}
    for name in names:
        if not identity(name) or not name.isprintable():
            raise _refused(name, "the name cannot be read")
        if identity(name) == identity(account):
            raise _refused(name, "nobody decides what they asked for themselves")
        if identity(name) in taken:
            raise _refused(name, "the name is there twice")
        taken.add(identity(name))
    this = Person(id=account, roles=_ROLES)
    return [this, *(Person(id=name, roles=(_REVIEWER,)) for name in names)]


def _made_up(account: str) -> str:
    """Return the name of a reviewer who is not this account."""
    return "approver" if identity(account) == _REVIEWER else _REVIEWER


def _refused(name: str, why: str) -> BadInput:
    return BadInput(
        what=f"--reviewer {name!r}",
        why=why,
        next_step="Name another person than this account.",
    )
