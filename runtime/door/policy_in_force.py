"""The policy in force: the one that decides about people's acts, whatever policy is configured.

Which policy is in force stands in the ledger, and its bundle in the database. So nobody comes by a
right, or loses a duty, by a policy that is configured and was not activated; and the policy in
force decides about the one that replaces it.
"""

from interlock.runtime.errors import GuardFailed, Tampered
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.absent import AbsentPoint
from interlock.runtime.policy.engine.bundle import Bundle, read
from interlock.runtime.record.events import HOME
from interlock.runtime.record.store import Store, Tx
from interlock.runtime.record.store.shared import Shared
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import activation, promotion
from interlock.runtime.run.refusal import refused


class PolicyInForce:
    """The policy in force of one store, looked up at each act; `close` frees what was loaded.

    Until the ledger names a policy the configured one decides, and its first answer puts it in
    force. Fails closed: while the policy in force cannot be read, or is older than one that was
    seen in force, every act is denied.
    """

    def __init__(
        self,
        *,
        store: Store,
        vault: Vault,
        configured: DecisionPoint,
        bundle: Bundle | None,
    ) -> None:
        #: The engine of the policy that the caller has, which may not be in force
        self.configured = configured
        #: None where the caller has an engine alone, or no policy that can be loaded
        self.configured_bundle = bundle
        self._store = store
        self._vault = vault
        self._newest = Shared(self._looked_up)
        #: The newest activation that was seen
        self._seen = activation.Newest()
        #: The engine of another policy that is in force
        self._other: _Loaded | None = None

    @property
    def is_begun(self) -> bool:
        """Whether the ledger was seen to name a policy; it never ceases to."""
        return self._seen.seq >= 0

    @property
    def is_configured(self) -> bool:
        """Whether the ledger was seen to name the configured policy; another may be in force now.

        Whoever decides looks anew.
        """
        return self.is_begun and self._seen.revision == self.configured.revision

    async def revision(self) -> str:
        """Return the revision in force, empty for none; raises `Tampered`."""
        newest = await self._newest.look()
        if newest.seq < self._seen.seq:
            newest = (
                await self._newest.look()
            )  # the look may have been before the other
        if newest.seq < self._seen.seq:
            raise activation.changed("a newer one was recorded, and it is gone")
        self._seen = newest
        return newest.revision

    async def _looked_up(self) -> activation.Newest:
        return await self._store.read(
            lambda connection: activation.newest(connection, self._vault)
        )

    async def point(self) -> DecisionPoint:
        """Return the engine of the policy in force; one that permits nothing where none can be."""
        try:
            revision = await self.revision()
            if revision in {"", self.configured.revision}:
                return self.configured
            return (await self._loaded(revision)).point
        except (GuardFailed, Tampered) as error:
            return AbsentPoint(str(error))

    async def bundle(self) -> Bundle | None:
        """Return the bundle of the policy in force, or None where none can be used."""
        try:
            revision = await self.revision()
            if revision in {"", self.configured.revision}:
                return self.configured_bundle
            return (await self._loaded(revision)).bundle
        except (GuardFailed, Tampered):
            return None

    def candidate(self) -> str:
        """Return the revision that is configured; raises `GuardFailed` when there is none."""
        if not self.configured.revision:
            raise GuardFailed(
                guard="the configured policy",
                why="it cannot be loaded",
                next_step="See why with `interlock policy check`.",
            )
        return self.configured.revision

    async def activate(self, *, after: str | None = None, permitted: str = "") -> None:
        """Put the configured policy in force; see `activation.activate` and `candidate`.

        Where *permitted*, the revision that answered just now, is that of the configured policy and
        the ledger was seen to name it, nothing is asked.
        """
        if permitted == self.configured.revision and self.is_configured:
            return
        await activation.activate(
            self._store,
            self._vault,
            revision=self.candidate(),
            bundle=self.configured_bundle,
            after=after,
        )

    async def keep(self) -> None:
        """Keep the configured policy anew: what is kept of the one in force may be damaged."""
        bundle = self.configured_bundle
        if bundle is not None:
            await self._store.write(
                lambda tx: activation.keep(tx, bundle), logs=(HOME,)
            )

    async def refuse_released(self) -> None:
        """Raise `BadInput` ("release_in_force") while a release is in force.

        No policy is put in force beside that of the release.
        """
        turned = await self._store.read(
            lambda connection: promotion.newest(connection, self._vault)
        )
        if turned.release:
            revision = self.configured.revision
            raise refused(
                "release_in_force",
                what=f"policy {revision[:12]}",
                in_force=turned.release[:12],
            )

    def begin(self, tx: Tx, decision: Decision) -> None:
        """Put the configured policy in force with its answer *decision*, if none is in force.

        Whoever calls holds the head of the home's log.
        """
        revision = self.configured.revision
        if not decision.unanswered and decision.revision == revision:
            activation.begin(
                tx,
                self._vault,
                revision=revision,
                bundle=self.configured_bundle,
            )

    def close(self) -> None:
        """Free the engine that was loaded; closing twice is harmless."""
        if self._other is not None:
            self._other.point.close()
            self._other = None

    async def _loaded(self, revision: str) -> "_Loaded":
        """Return the kept policy *revision*; raises `GuardFailed` when it cannot be used."""
        loaded = self._other
        if loaded is not None and loaded.bundle.revision == revision:
            return loaded
        archive = await self._store.read(
            lambda connection: activation.kept(connection, revision)
        )
        loaded = _Loaded(_checked(archive, revision))
        self.close()
        self._other = loaded
        return loaded


class _Loaded:
    """One policy with an engine of its own."""

    def __init__(self, bundle: Bundle) -> None:
        # The library of the engine is slow to import, and a caller with an engine has no need.
        from interlock.runtime.policy.engine.embedded import EmbeddedPoint  # noqa: PLC0415 - see above

        self.bundle = bundle
        self.point = EmbeddedPoint(bundle)


def _checked(archive: bytes | None, revision: str) -> Bundle:
    name = f"in force, {revision[:12]}"
    if archive is None:
        raise _unusable(name, "the database does not hold it")
    bundle = read(archive, name=name)
    if bundle.revision != revision:
        raise _unusable(name, f"the database holds {bundle.revision[:12]} as such")
    return bundle


def _unusable(name: str, why: str) -> GuardFailed:
    return GuardFailed(
        guard=f"policy bundle {name}",
        why=why,
        next_step="Configure that very policy, then: `interlock policy activate`.",
    )
