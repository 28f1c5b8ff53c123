"""The releases of a home as people look at them: which there are, and which were in force."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import promotion, release
from interlock.runtime.run.promotion import Turn
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.release import Release
from interlock.runtime.run.unreleased import ReleaseUnusable
from interlock.runtime.storage import Storage
from interlock.serving import release_difference
from interlock.serving.release_difference import Change


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One release in a list."""

    digest: str
    is_in_force: bool
    #: Who made it and when; empty and 0 for one that does not verify
    by: str = ""
    created: int = 0
    #: Why it cannot be used; empty for one that can
    code: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What differs between two releases, which are named whole."""

    before: str
    after: str
    changes: Sequence[Change]


async def every(storage: Storage) -> list[Listed]:
    """Return every release, the newest first."""
    vault = storage.vault

    def look(connection: Connection) -> list[Listed]:
        in_force = promotion.newest(connection, vault).release
        names = reversed(release.names(connection))
        return [_listed(connection, vault, name, in_force) for name in names]

    return await storage.store.read(look)


async def history(storage: Storage) -> list[Turn]:
    """Return every change of the release in force, the newest first."""
    vault = storage.vault
    return await storage.store.read(lambda one: promotion.history(one, vault))


async def read(storage: Storage, beginning: str) -> Release:
    """Return the only release whose digest begins so, verified; an empty text is the one in force.

    Raises `NotFound` for none, `BadInput` for several and `ReleaseUnusable`.
    """
    vault = storage.vault

    def look(connection: Connection) -> Release:
        name = _whole(connection, vault, beginning)
        return release.read(connection, vault, name)

    return await storage.store.read(look)


async def changes(storage: Storage, before: str, after: str) -> Changes:
    """Return what differs between two releases that begin so; an empty text is the one in force.

    Raises as `read` does.
    """
    vault = storage.vault
    return await storage.store.read(lambda look: compared(look, vault, before, after))


async def ahead(storage: Storage, name: str) -> Changes | None:
    """Return what the release would change if it came into force; None where that is not known.

    So it is while none is in force, and where one of the two does not verify: nobody is kept from
    going back to one that does. Raises `NotFound` and `BadInput` as `read` does.
    """
    if not await history(storage):
        return None
    try:
        return await changes(storage, "", name)
    except ReleaseUnusable:
        return None


def compared(connection: Connection, vault: Vault, before: str, after: str) -> Changes:
    """Return what differs between two releases, as `changes` does."""
    older, newer = (
        release.read(connection, vault, _whole(connection, vault, beginning))
        for beginning in (before, after)
    )
    return Changes(
        before=older.digest,
        after=newer.digest,
        changes=release_difference.changes(connection, older, newer),
    )


async def before(storage: Storage) -> str:
    """Return the release that was in force before this one; raises `BadInput` where none was."""
    turns = await history(storage)
    if not turns or not turns[0].previous:
        raise refused("never_in_force", what="a release before this one")
    return turns[0].previous


def _whole(connection: Connection, vault: Vault, beginning: str) -> str:
    if not beginning:
        return _in_force(connection, vault)
    those = [name for name in release.names(connection) if name.startswith(beginning)]
    if not those:
        raise NotFound(
            kind="release",
            name=beginning,
            next_step="List releases with `interlock release list`.",
        )
    if len(those) > 1:
        raise BadInput(
            code="ambiguous",
            what=f"release {beginning}",
            why=f"{len(those)} releases begin so",
            next_step="Give more of its digest.",
        )
    return those[0]


def _listed(connection: Connection, vault: Vault, name: str, in_force: str) -> Listed:
    listed = Listed(digest=name, is_in_force=name == in_force)
    try:
        one = release.read(connection, vault, name)
    except ReleaseUnusable as error:
        return replace(listed, code=error.code)
    return replace(listed, by=one.by, created=one.created)


def _in_force(connection: Connection, vault: Vault) -> str:
    name = promotion.newest(connection, vault).release
    if not name:
        raise NotFound(
            kind="release",
            name="in force",
            next_step="Make one with `interlock release create`, and have it promoted.",
        )
    return name
