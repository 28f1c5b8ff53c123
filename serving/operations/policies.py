"""The policy in force: activated by a person before the first run under a new revision."""

from typing import Final

from interlock.runtime.door.acts import Acts
from interlock.runtime.door.policy_in_force import PolicyInForce
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.act import Act
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import Principal
from interlock.runtime.run import subject
from interlock.serving.home import Home
from interlock.serving.policy.in_force import granting

_ACT: Final[Act] = "policy.activate"


async def activate(policy: PolicyInForce, acts: Acts, *, person: Principal) -> str:
    """Put the configured policy in force, and return the revision that it takes the place of.

    The policy that was in force until then decides whether *person* may. Activating what is in
    force already asks nobody, and keeps its bundle anew. Raises `NotPermitted`, `GuardFailed` when
    the configured policy cannot be loaded, and `BadInput` when that policy lets nobody replace it,
    or when somebody else activated another one meanwhile.
    """
    revision = policy.candidate()
    before = await policy.revision()
    if before == revision:
        await policy.keep()
        return before
    await policy.refuse_released()
    keep_replaceable(policy.configured_bundle)

    async def work() -> None:
        await policy.activate(after=before)

    await acts.perform(
        _ACT,
        work,
        person=person,
        arguments={"revision": revision},
        look=subject.installation("policy", revision),
    )
    return before


async def ensure_in_force(home: Home, *, person: Principal) -> None:
    """Activate the policy of *home* for *person* if another one was in force before.

    The first policy of a new home needs no activation: there is nothing that it replaces.
    """
    policy = home.runtime.policy
    if await policy.revision() not in {"", policy.configured.revision}:
        await activate(policy, home.runtime.acts, person=person)


def keep_replaceable(bundle: Bundle | None) -> None:
    """Raise `BadInput` when *bundle* lists grants and lets nobody activate another policy."""
    config = {} if bundle is None else bundle.data["rails"].get("config", {})
    if config.get("grants") and not granting(bundle, _ACT):
        raise BadInput(
            what="the configured policy",
            why=f"it grants {_ACT} to nobody, so it would stay in force for good",
            next_step=f"Grant {_ACT} to a role.",
        )
