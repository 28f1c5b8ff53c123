"""API keys, issued, rotated and revoked by people whom the policy lets."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.request import Principal, identity
from interlock.runtime.record.store import Tx
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import subject
from interlock.runtime.run.account import account_id
from interlock.runtime.run.api_key import ApiKey, keep_key, key_of, keys_of
from interlock.serving import people
from interlock.serving.desk import Desk
from interlock.serving.identity.key_text import KeyText
from interlock.serving.identity.keys import proof

DAYS: Final = 90
_LONGEST_DAYS: Final = 366
_DAY_S: Final = 24 * 3600
_LONGEST_OVERLAP_S: Final = 7 * _DAY_S
_LONGEST_NAME: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued:
    """A new key, and its text, which is nowhere else and never shown again."""

    key: ApiKey
    text: str = field(repr=False)


async def issue(
    desk: Desk,
    name: str,
    roles: Sequence[str],
    *,
    person: Principal,
    days: int = DAYS,
) -> Issued:
    """Issue a key that acts in the name of *person*, with some of the person's own roles.

    Raises `BadInput` for a name that cannot be read, for a time that is none, for a role that the
    person does not have, and for somebody who is on no list of people: nobody is asked then.
    """
    _check_listed(person)
    _check_name(name)
    _check_days(days)
    _check_roles(roles, person)
    text = KeyText.new()

    def written(tx: Tx) -> ApiKey:
        return _keep_first(
            tx,
            desk.storage.vault,
            text,
            person,
            name=name,
            roles=tuple(dict.fromkeys(roles)),
            expires=tx.now + days * _DAY_S,
        )

    async def work() -> ApiKey:
        return await desk.storage.store.write(written, logs=(person.tenant,))

    key = await desk.acts.perform(
        "key.issue",
        work,
        person=person,
        arguments={"name": name, "roles": list(roles), "expires": days * _DAY_S},
        look=subject.tenant("key", text.id),
    )
    return Issued(key=key, text=text.written())


async def listed(desk: Desk, *, person: Principal) -> list[ApiKey]:
    """Return the person's own keys, newest first."""
    vault = desk.storage.vault
    keys = await desk.storage.store.read(
        lambda connection: keys_of(
            vault,
            connection,
            person.tenant,
        )
    )
    return [key for key in keys if _is_own(key, person)]


async def rotate(
    desk: Desk,
    key_id: str,
    *,
    person: Principal,
    overlap_s: int = 0,
) -> Issued:
    """Issue a key like the person's own *key_id*; the old one stays good for *overlap_s* seconds.

    Raises `NotFound` for a key that is not there, not the person's own or over.
    """
    _check_overlap(overlap_s)
    await _known(
        desk,
        key_id,
        person,
        is_own=True,
    )
    text = KeyText.new()

    def written(tx: Tx) -> ApiKey:
        return _keep_next(
            tx,
            desk.storage.vault,
            text,
            person,
            old_id=key_id,
            overlap_s=overlap_s,
        )

    async def work() -> ApiKey:
        return await desk.storage.store.write(written, logs=(person.tenant,))

    key = await desk.acts.perform(
        "key.rotate",
        work,
        person=person,
        arguments={"key": key_id, "overlap": overlap_s},
        look=subject.tenant("key", key_id),
    )
    return Issued(key=key, text=text.written())


async def revoke(desk: Desk, key_id: str, *, person: Principal) -> ApiKey:
    """End the key at once, and return it; another person's takes who may withdraw keys.

    To revoke a key that is revoked changes nothing but is recorded. Raises `NotFound`.
    """
    known = await _known(
        desk,
        key_id,
        person,
        is_own=False,
    )

    def written(tx: Tx) -> ApiKey:
        key = key_of(
            desk.storage.vault,
            tx.connection,
            key_id,
        )
        if key is None or key.tenant != person.tenant:
            raise _none_such(key_id)
        over = replace(key, state="revoked")
        keep_key(
            tx,
            desk.storage.vault,
            over,
            by=person.id,
        )
        return over

    async def work() -> ApiKey:
        return await desk.storage.store.write(written, logs=(person.tenant,))

    return await desk.acts.perform(
        "key.revoke" if _is_own(known, person) else "key.withdraw",
        work,
        person=person,
        arguments={"key": key_id},
        look=subject.tenant("key", key_id),
    )


def _keep_first(
    tx: Tx,
    vault: Vault,
    text: KeyText,
    person: Principal,
    *,
    name: str,
    roles: tuple[str, ...],
    expires: int,
) -> ApiKey:
    _refuse_taken(tx, vault, text)
    key = ApiKey(
        id=text.id,
        name=name,
        owner=person.id,
        tenant=person.tenant,
        account=account_id(vault, tx.connection, person.id),
        roles=roles,
        proof=proof(vault, tx.connection, text),
        state="active",
        expires=expires,
        created=tx.now,
    )
    keep_key(tx, vault, key, by=person.id)
    return key


def _keep_next(
    tx: Tx,
    vault: Vault,
    text: KeyText,
    person: Principal,
    *,
    old_id: str,
    overlap_s: int,
) -> ApiKey:
    """Keep the new key, and shorten the time of the old one, looked at once more."""
    old = key_of(vault, tx.connection, old_id)
    if old is None or not old.is_good(tx.now) or not _is_own(old, person):
        raise _none_such(old_id)
    _refuse_taken(tx, vault, text)
    new = replace(
        old,
        id=text.id,
        proof=proof(vault, tx.connection, text),
        roles=tuple(role for role in old.roles if role in person.roles),
        expires=tx.now + old.expires - old.created,
        created=tx.now,
        seen=0,
    )
    ends = min(old.expires, tx.now + overlap_s)
    keep_key(tx, vault, replace(old, expires=ends), by=person.id)
    keep_key(tx, vault, new, by=person.id)
    return new


async def _known(
    desk: Desk,
    key_id: str,
    person: Principal,
    *,
    is_own: bool,
) -> ApiKey:
    """Return the key of the person's tenant; raises `NotFound`, also for another's if *is_own*."""
    vault = desk.storage.vault
    key = await desk.storage.store.read(
        lambda connection: key_of(
            vault,
            connection,
            key_id,
        )
    )
    if key is None or key.tenant != person.tenant:
        raise _none_such(key_id)
    if is_own and not _is_own(key, person):
        raise _none_such(key_id)
    return key


def _is_own(key: ApiKey, person: Principal) -> bool:
    return identity(key.owner) == identity(person.id)


def _check_listed(person: Principal) -> None:
    """Raise `BadInput` for whom a key could not serve: its roles are those that the list says."""
    if people.is_unlisted(person.id):
        raise BadInput(
            code="nobody",
            what="the key",
            why=f"{person.id} is on no list of people, and a key has the roles of the list",
            next_step="Get a token of your issuer, or have somebody who is listed issue the key.",
        )


def _check_name(name: str) -> None:
    if name.strip() and name.isprintable() and len(name) <= _LONGEST_NAME:
        return
    raise BadInput(
        what="the name of the key",
        why="it is blank, too long or cannot be read",
        next_step="Say in a few words which program will hold it.",
    )


def _check_overlap(seconds: int) -> None:
    if 0 <= seconds <= _LONGEST_OVERLAP_S:
        return
    raise BadInput(
        what=f"an overlap of {seconds} s",
        why="it is not between nothing and a week",
        next_step=f"Name seconds, at most {_LONGEST_OVERLAP_S}.",
    )


def _check_days(days: int) -> None:
    if 1 <= days <= _LONGEST_DAYS:
        return
    raise BadInput(
        what=f"{days} days",
        why="a key is good for a day at least and for a year at most",
        next_step=f"Name days from 1 to {_LONGEST_DAYS}; rotate the key before they are over.",
    )


def _check_roles(roles: Sequence[str], person: Principal) -> None:
    more = sorted(set(roles) - set(person.roles))
    if not more and roles:
        return
    raise BadInput(
        code="role_missing",
        what=f"role {more[0]!r} of a key" if more else "a key without a role",
        why="a key has some of the roles of whoever issues it, and never more",
        next_step=f"Yours are {', '.join(person.roles) or 'none'}.",
    )


def _none_such(key_id: str) -> NotFound:
    return NotFound(
        kind="API key",
        name=key_id,
        next_step="List yours with `interlock keys list`.",
    )


def _refuse_taken(tx: Tx, vault: Vault, text: KeyText) -> None:
    if key_of(vault, tx.connection, text.id) is None:
        return
    raise BadInput(
        code="duplicate",
        what=f"API key {text.id}",
        why="there is one of that id already",
        next_step="Do it again.",
    )
