"""The release in force as one process keeps to it: which one a run begins under, and keeps.

A process has the parts that it was started with. A run begins only under a release that names
exactly these, and is carried on only where its own release does (fails closed).
"""

from collections.abc import Callable
from functools import cached_property

from sqlalchemy import Connection

from interlock.runtime.record.store import Store
from interlock.runtime.record.store.shared import Shared
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import promotion, release
from interlock.runtime.run.artefact import UNRUN, Parts
from interlock.runtime.run.promotion import Turn
from interlock.runtime.run.release import Manifest, Release
from interlock.runtime.run.run import Run
from interlock.runtime.run.unreleased import AnotherRelease, ReleaseUnusable


class Releases:
    """The releases of one store, over the whole store; lives as long as the store.

    *parts* returns the artefacts that this process has, by kind, and is asked once: when a release
    is first looked at, or `parts` is. A process without any begins no run while one is in force.
    """

    def __init__(
        self, *, store: Store, vault: Vault, parts: Callable[[], Parts]
    ) -> None:
        self._store = store
        self._vault = vault
        self._parts = parts
        self._newest = Shared(self._looked_up)
        #: The newest change that was seen
        self._seen = Turn()
        #: What was verified, by name
        self._known: dict[str, Manifest] = {}

    @cached_property
    def parts(self) -> Parts:
        """The artefacts that this process has, by kind."""
        return self._parts()

    async def in_force(self) -> str:
        """Return the release in force, empty for none; raises `Tampered`."""
        newest = await self._newest.look()
        if newest.seq > self._seen.seq:
            self._seen = newest
        return self._seen.release

    async def look(self) -> Parts:
        """Return the parts of this process where a release is in force already, else none.

        Asked at the start of a process, so that files which change later change no answer.
        """
        return self.parts if await self.in_force() else {}

    async def begun_under(self) -> str:
        """Return the release that a run begins under now, empty where none is in force.

        Raises `AnotherRelease` when this process does not have what the release names,
        `ReleaseUnusable` when the release does not verify, and `Tampered`.
        """
        name = await self.in_force()
        if name:
            await self._keep(name)
        return name

    async def keep(self, run: Run) -> None:
        """Raise as `begun_under` does unless this process has what the run's own release names."""
        if run.release:
            await self._keep(run.release)

    async def read(self, name: str) -> Release:
        """Return the release of that digest; raises as `release.read` does."""
        return await self._store.read(
            lambda connection: release.read(connection, self._vault, name)
        )

    def known(self, name: str) -> Manifest:
        """Return what a release is under which this process has begun a run or carried one on.

        Raises `ReleaseUnusable` for any other (fails closed).
        """
        manifest = self._known.get(name)
        if manifest is None:
            raise ReleaseUnusable(code="release_missing", what=f"release {name[:12]}")
        return manifest

    async def _keep(self, name: str) -> None:
        one = await self.read(name)
        refuse_other(one, self.parts)
        self._known[name] = one.manifest

    async def _looked_up(self) -> Turn:
        above = self._seen.seq

        def look(connection: Connection) -> Turn:
            found = promotion.newest(connection, self._vault, above=above)
            if found.seq < 0 <= above:
                return self._seen
            return found

        return await self._store.read(look)


def refuse_other(one: Release, parts: Parts) -> None:
    """Raise `AnotherRelease` for the first kind of which *parts* are not what the release names.

    What only measures a release, data sets and thresholds, runs nothing and is not compared.
    """
    for kind, digest in sorted(one.manifest.parts.items()):
        if kind in UNRUN:
            continue
        if parts.get(kind) != digest:
            raise AnotherRelease(release=one.digest, part=kind)
