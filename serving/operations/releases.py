"""Releases: made of what the home is, put in force by another person, and taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from interlock.runtime.door.acts import Acts
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.act import Act
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.events import HOME
from interlock.runtime.record.events.of_release import How
from interlock.runtime.record.store import Tx
from interlock.runtime.run import artefact, promotion, release, release_subject, subject
from interlock.runtime.run.artefact import KINDS, Artefact
from interlock.runtime.run.release import Manifest
from interlock.runtime.storage import Storage
from interlock.serving import releases
from interlock.serving.artefacts import artefacts, contents_of, named
from interlock.serving.desk import Desk
from interlock.serving.home import Home
from interlock.serving.operations.policies import keep_replaceable

_ACTS: Final[Mapping[How, Act]] = {
    "promoted": "release.promote",
    "rolled_back": "release.rollback",
}
_LOOKS: Final = {
    "promoted": release_subject.made,
    "rolled_back": release_subject.brought_back,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Turned:
    """A change of the release in force."""

    release: str
    #: Empty where none was in force
    previous: str


async def create(
    home: Home,
    *,
    person: Principal,
    weights: Mapping[str, Mapping[str, int]],
    thresholds: Path | None = None,
    dataset: Path | None = None,
) -> Manifest:
    """Make a release of what *home* is, signed and kept, and return its manifest.

    *weights* say which candidate gets how much of a model's alias. The files *thresholds* and
    *dataset* take the place of the home's own. The same home makes the same release. Raises
    `NotPermitted`, and `BadInput` for a file that cannot be read and for a policy that lets nobody
    replace it.
    """
    keep_replaceable(home.bundle)
    those = _artefacts(home, thresholds=thresholds, dataset=dataset)
    manifest = Manifest(
        parts=named(those),
        revision=home.bundle.revision,
        weights=weights,
    )

    def work(tx: Tx) -> None:
        for one in those:
            artefact.keep(tx, one)
        release.keep(tx, home.vault, manifest, by=person.id)

    await home.runtime.acts.perform(
        "release.create",
        partial(home.runtime.storage.store.write, work, logs=(HOME,)),
        person=person,
        arguments={"release": manifest.digest},
        look=subject.installation("release", manifest.digest),
    )
    return manifest


def _artefacts(
    home: Home, *, thresholds: Path | None, dataset: Path | None
) -> list[Artefact]:
    own = artefacts(
        home.settings,
        home.bundle,
        home.playbooks,
        home.runtime.agents,
        finder=home.finder,
    )
    those = {one.kind: one for one in own}
    if thresholds is not None:
        those["thresholds"] = artefact_of("thresholds", thresholds)
    if dataset is not None:
        those["dataset"] = artefact_of("dataset", dataset)
    return list(those.values())


def artefact_of(kind: str, file: Path) -> Artefact:
    """Return the artefact of that kind that a file holds; raises `BadInput` for no such kind."""
    for known in KINDS:
        if known == kind:
            return Artefact(kind=known, content=contents_of(file))
    raise BadInput(
        what=f"kind {kind!r}",
        why="a release has no such part",
        next_step=f"Name one of: {', '.join(KINDS)}.",
    )


async def add(storage: Storage, acts: Acts, one: Artefact, *, person: Principal) -> str:
    """Keep one artefact, and return its digest; the same one twice is one."""
    await acts.perform(
        "artefact.add",
        partial(storage.store.write, lambda tx: artefact.keep(tx, one), logs=(HOME,)),
        person=person,
        arguments={"kind": one.kind, "digest": one.digest},
        look=subject.installation("artefact", one.digest),
    )
    return one.digest


async def prune(
    storage: Storage, acts: Acts, *, person: Principal
) -> list[artefact.Kept]:
    """Delete what no release names, and return what was deleted; raises `ReleaseUnusable`."""
    pruned = partial(release.prune, vault=storage.vault)
    return await acts.perform(
        "artefact.prune",
        partial(storage.store.write, pruned, logs=(HOME,)),
        person=person,
        arguments={},
        look=subject.installation("artefact", ""),
    )


async def promote(desk: Desk, name: str, *, person: Principal, note: str) -> Turned:
    """Put the release in force with all of its parts at once.

    The policy in force decides: by default another person than the one who made the release, and
    after the suites that the policy names. Raises `NotPermitted`, `ReleaseUnusable`, and `BadInput`
    ("another_in_force") when another release came into force meanwhile.
    """
    return await _turn(desk, name, how="promoted", person=person, note=note)


async def roll_back(desk: Desk, name: str, *, person: Principal, note: str) -> Turned:
    """Put a release in force again that was before; without *name* the one before this one.

    Raises as `promote` does, and `BadInput` ("never_in_force").
    """
    whole = name or await releases.before(desk.storage)
    return await _turn(desk, whole, how="rolled_back", person=person, note=note)


async def _turn(
    desk: Desk,
    name: str,
    *,
    how: How,
    person: Principal,
    note: str,
) -> Turned:
    storage = desk.storage
    one = await releases.read(storage, name)
    vault = storage.vault
    before = await storage.store.read(lambda look: promotion.newest(look, vault))

    def work(tx: Tx) -> None:
        promotion.turn(
            tx, vault, one.digest, how=how, after=before.release, by=person.id
        )

    await desk.acts.perform(
        _ACTS[how],
        partial(storage.store.write, work, logs=(HOME,)),
        person=person,
        arguments={"release": one.digest, "note": note},
        look=_LOOKS[how](one.digest, owner=desk.settings.tenant),
    )
    return Turned(release=one.digest, previous=before.release)
