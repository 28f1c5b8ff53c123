"""The releases of a home as people look at them: which there are, and which were in force."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import promotion, release
from interlock.runtime.run.promotion import Turn
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.release import Manifest, Release
from interlock.runtime.run.unreleased import ReleaseUnusable
from interlock.runtime.storage import Storage


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


def difference(before: Manifest, after: Manifest) -> dict[str, Any]:
    """Return the parts and weights that differ, before and after; None for what is not there."""
    return {
        "parts": _changed(before.parts, after.parts),
        "weights": _changed(before.weights, after.weights),
    }


def _changed(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(name): {"before": before.get(name), "after": after.get(name)}
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


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
