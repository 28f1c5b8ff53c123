"""The desk: where people act on a home, over its storage and its policy alone.

A desk loads no agent and no tool, so a person can act while an agent cannot be imported. A desk
also opens when the policy cannot be loaded: then every act is denied, except that a stop is carried
out and recorded as undecided (`Acts.stop`).
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from interlock.runtime.door.acts import Acts
from interlock.runtime.door.policy_in_force import PolicyInForce
from interlock.runtime.errors import BadInput, GuardFailed
from interlock.runtime.policy.engine import DecisionPoint
from interlock.runtime.policy.engine.absent import AbsentPoint
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.engine.question import listed
from interlock.runtime.policy.request import Principal
from interlock.runtime.storage import Storage
from interlock.serving import people
from interlock.serving.policy.in_force import in_force, roles
from interlock.serving.settings import Settings, address
from interlock.serving.shipping import shipped


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """A home as far as people's acts need it; lives as long as its storage."""

    settings: Settings
    storage: Storage
    acts: Acts
    policy: PolicyInForce
    #: The policy that was in force at the opening; None when none can be used
    bundle: Bundle | None

    @property
    def roles(self) -> frozenset[str] | None:
        """The roles that can be given; None when no policy says which there are."""
        return None if self.bundle is None else roles(self.bundle)

    def person(self, name: str | None) -> Principal:
        """Return who acts: *name*, or the account, with the roles of the list of people.

        Raises `BadInput` when the list cannot be used (fails closed).
        """
        return people.principal(
            self.settings.people,
            name,
            tenant=self.settings.tenant,
            roles=self.roles,
        )

    def stopper(self, name: str | None) -> Principal:
        """Return who stops: as `person` does, but without roles when the list cannot be used.

        A stop needs no role where the policy grants the stop to everyone.
        """
        try:
            return self.person(name)
        except BadInput:
            return Principal(
                id=people.named(name),
                tenant=self.settings.tenant,
                roles=(),
            )


@asynccontextmanager
async def opened(
    settings: Settings, *, clock: Callable[[], float] = time.time
) -> AsyncIterator[Desk]:
    """Open the desk of the home that *settings* name, making the home first when it is new.

    Raises `GuardFailed` when database or keys cannot be had (fails closed: no act without its
    record). A policy that cannot be loaded is no error here.
    """
    async with AsyncExitStack() as stack:
        opening = Storage.open(
            database=settings.database,
            keys=settings.home / "keys",
            witness=settings.home / "checkpoints",
            entries=settings.checked_entries,
            second=settings.second_folder,
            trusting=settings.is_trusting,
            clock=clock,
        )
        storage = await stack.enter_async_context(opening)
        await stack.enter_async_context(shipped(settings, storage))
        try:
            bundle = in_force(settings)
            pdp = await decision_point(settings, bundle, stack)
        except (GuardFailed, BadInput) as error:
            bundle, pdp = None, AbsentPoint(str(error))
        policy = PolicyInForce(
            store=storage.store,
            vault=storage.vault,
            configured=pdp,
            bundle=bundle,
        )
        stack.callback(policy.close)
        yield Desk(
            settings=settings,
            storage=storage,
            acts=Acts(store=storage.store, vault=storage.vault, policy=policy),
            policy=policy,
            bundle=await policy.bundle(),
        )


async def decision_point(
    settings: Settings, bundle: Bundle, stack: AsyncExitStack
) -> DecisionPoint:
    """Return the engine that *settings* name, held to *bundle*'s revision; *stack* closes it."""
    if settings.opa_server is None:
        embedded = EmbeddedPoint(bundle)
        stack.callback(embedded.close)
        return embedded
    from interlock.runtime.policy.engine.server import ServerPoint  # noqa: PLC0415 - its client is slow to import and rarely needed

    host, port = address(settings.opa_server, name="INTERLOCK_OPA_SERVER")
    server = ServerPoint(
        host=host,
        port=port,
        revision=bundle.revision,
        messages=bundle.messages,
        listed=listed(bundle.data),
        tls=settings.opa_tls,
        token=settings.opa_token,
    )
    return await stack.enter_async_context(server)
