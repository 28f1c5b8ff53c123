"""Looks at releases and at rollouts, of which the whole home has the same ones.

They are of no tenant, as the policy in force is of none: whoever is granted `release.read` sees the
same from every tenant. Of runs only sums are shown, over all tenants.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from interlock.runtime.errors import NotFound
from interlock.runtime.policy.request import Principal
from interlock.runtime.run import (
    promotion,
    release,
    release_subject,
    rollout,
    subject,
)
from interlock.runtime.run.promotion import Turn
from interlock.runtime.run.release import Release
from interlock.runtime.run.rollout import Rollout
from interlock.runtime.run.subject import Look
from interlock.runtime.run.unreleased import ReleaseUnusable
from interlock.serving import releases
from interlock.serving.home import Home
from interlock.serving.operations import looks
from interlock.serving.releases import Changes
from interlock.serving.rollouts import standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One release, with who signed its manifest and who put it in force."""

    release: Release
    #: The public key of this home's manifests
    signer: str
    is_in_force: bool
    #: Each time that it came into force, the newest first
    approvals: Sequence[Turn]


async def turns(home: Home, *, person: Principal) -> Sequence[Turn]:
    """Return every change of the release in force, the newest first."""
    await _ask(home, person)
    vault = home.vault
    return await home.runtime.installation.read(
        lambda connection: promotion.history(connection, vault)
    )


async def shown(home: Home, name: str, *, person: Principal) -> Shown:
    """Return the release of that digest, verified; raises `NotFound` and `ReleaseUnusable`."""
    await _ask(home, person, name)
    vault = home.vault

    def look(connection: Connection) -> Shown:
        history = promotion.history(connection, vault)
        return Shown(
            release=release.read(connection, vault, name),
            signer=release.signer(vault),
            is_in_force=bool(history) and history[0].release == name,
            approvals=[turn for turn in history if turn.release == name],
        )

    try:
        return await home.runtime.installation.read(look)
    except ReleaseUnusable as error:
        if error.code != "release_missing":
            raise
        raise NotFound(
            kind="release",
            name=name,
            next_step="Name one that was in force, or ask whoever made it for its digest.",
        ) from error


async def changes(
    home: Home, name: str, *, person: Principal, before: str = ""
) -> Changes:
    """Return what differs from the release *before*, or the one in force, to that one.

    Values of settings are for the tenant of the installation alone. Raises `NotFound` and
    `ReleaseUnusable`.
    """
    look = release_subject.inside(name, owner=home.settings.tenant)
    await _ask(home, person, name, look=look)
    vault = home.vault
    return await home.runtime.installation.read(
        lambda connection: releases.compared(connection, vault, before, name)
    )


async def rollouts(
    home: Home, *, person: Principal, below: int | None = None, limit: int
) -> Sequence[Rollout]:
    """Return the decisions about rollouts, the newest first, older than the entry *below*."""
    await _ask(home, person)
    vault = home.vault
    return await home.runtime.installation.read(
        lambda connection: rollout.history(connection, vault, most=limit, below=below)
    )


async def rollout_of(home: Home, name: str, *, person: Principal) -> Rollout:
    """Return the rollout of that id as it stands; raises `NotFound`."""
    await _ask(home, person, name)
    return await standing(home.runtime.installation, home.vault, name)


async def _ask(
    home: Home, person: Principal, name: str = "", *, look: Look | None = None
) -> None:
    await looks.ask(
        home,
        "release.read",
        person=person,
        look=look or subject.installation("release", name),
        arguments={"release": name},
    )
