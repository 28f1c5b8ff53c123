"""Who may do what: people added and removed by a person whom the policy lets.

A new home begins with its account as analyst and administrator (`people.load`), so whoever made the
home adds the first people. Whoever edits the file by hand is not asked.
"""

from collections.abc import Sequence

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.request import Principal, identity
from interlock.runtime.run import subject
from interlock.serving import people
from interlock.serving.desk import Desk
from interlock.serving.operations import accounts
from interlock.serving.people import Person
from interlock.serving.policy.in_force import granting


async def add(
    desk: Desk, name: str, roles: Sequence[str], *, person: Principal
) -> Person:
    """List *name* with *roles* beside those that *name* has, and return what is listed now.

    A name that is listed in other letters is the same person, under the name that is listed.
    Raises `BadInput` for a name that cannot be read and for a role that the policy does not have:
    nobody is asked then.
    """
    _check_name(name)
    _check_roles(desk, roles)
    name = _as_listed(desk, name)

    async def work() -> Person:
        with people.alone(desk.settings.people):
            everyone = _everyone(desk)
            before = everyone.get(name, Person(id=name)).roles
            added = Person(id=name, roles=tuple(dict.fromkeys([*before, *roles])))
            people.write(desk.settings.people, [*_others(everyone, name), added])
        return added

    return await desk.acts.perform(
        "people.add",
        work,
        person=person,
        arguments={"name": name, "roles": list(roles)},
        look=subject.installation("people", name),
    )


async def remove(desk: Desk, name: str, *, person: Principal) -> None:
    """Take *name* off the list, and end the account, every session and every key at once.

    Raises `NotFound` for somebody who is not listed, and `BadInput` for the last one who may add
    people: nobody could add anyone any more. Nobody is asked then. Somebody of an issuer is on no
    list, and is taken off by closing the account.
    """
    if people.is_unlisted(name):
        await _shut_out(desk, name, person=person)
        return
    file = desk.settings.people
    everyone = _everyone(desk)
    if name not in everyone or not file.exists():
        raise NotFound(
            kind="person",
            name=name,
            next_step=f"{file} lists {', '.join(everyone)}.",
        )
    _keep_somebody(desk, _others(everyone, name))

    async def work() -> None:
        with people.alone(file):
            left = _others(_everyone(desk), name)
            _keep_somebody(desk, left)
            people.write(file, left)
        await accounts.close(desk, name, by=person.id)

    await desk.acts.perform(
        "people.remove",
        work,
        person=person,
        arguments={"name": name},
        look=subject.installation("people", name),
    )


async def _shut_out(desk: Desk, name: str, *, person: Principal) -> None:
    """Close the account of somebody of an issuer, whose tokens are refused from then on."""
    await accounts.refuse_unknown(desk, name, person=person)

    async def work() -> None:
        await accounts.close(desk, name, by=person.id)

    await desk.acts.perform(
        "people.remove",
        work,
        person=person,
        arguments={"name": name},
        look=subject.installation("people", name),
    )


async def readmit(desk: Desk, name: str, *, person: Principal) -> None:
    """Let somebody of an issuer in again whose account was closed; ended keys stay ended.

    Raises `NotFound` where nobody of the person's tenant has such an account, and `BadInput` for a
    listed name, who is added instead, and ("wrong_state") for an account that is open.
    """
    if not people.is_unlisted(name):
        raise BadInput(
            what="the name",
            why="it is of nobody of an issuer",
            next_step="interlock people add NAME --role ROLE",
        )
    await accounts.refuse_unknown(desk, name, person=person)

    await desk.acts.perform(
        "people.add",
        lambda: accounts.reopen(desk, name, person=person),
        person=person,
        arguments={"name": name, "roles": []},
        look=subject.installation("people", name),
    )


def _as_listed(desk: Desk, name: str) -> str:
    """Return the name under which the person is listed; a new name stays as it is."""
    same = [known for known in _everyone(desk) if identity(known) == identity(name)]
    return same[0] if same else name


def _everyone(desk: Desk) -> dict[str, Person]:
    return people.load(desk.settings.people, roles=desk.roles)


def _others(everyone: dict[str, Person], name: str) -> list[Person]:
    return [person for person in everyone.values() if person.id != name]


def _check_name(name: str) -> None:
    if people.is_unlisted(name):
        raise BadInput(
            what="the name",
            why=f"no name on the list begins with {', '.join(people.UNLISTED)}",
            next_step="Choose another name.",
        )
    people.refuse_unreadable(name)


def _check_roles(desk: Desk, roles: Sequence[str]) -> None:
    known = desk.roles
    unknown = [] if known is None else sorted(set(roles) - known)
    if known is not None and unknown:
        raise BadInput(
            what=f"--role {unknown[0]}",
            why="there is no such role",
            next_step=f"Roles are {', '.join(sorted(known))}.",
        )


def _keep_somebody(desk: Desk, left: Sequence[Person]) -> None:
    """Raise `BadInput` when nobody of *left* has a role that the policy lets add people."""
    adding = granting(desk.bundle, "people.add")
    if not adding or any(adding.intersection(person.roles) for person in left):
        return
    raise BadInput(
        what=f"the list {desk.settings.people}",
        why="nobody else may add people, and nobody could be added any more",
        next_step=f"First: interlock people add NAME --role {min(adding)}.",
    )
