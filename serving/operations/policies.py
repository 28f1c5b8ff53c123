"""The policy in force: activated by a person before the first run under a new revision."""

from interlock.runtime.policy.request import Principal
from interlock.runtime.run import activation, subject
from interlock.serving.home import Home


async def activate(home: Home, *, person: Principal) -> str:
    """Put the policy that this workspace has now in force, and return its revision.

    Activating the revision that is in force already changes nothing and asks nobody. The policy
    that is activated decides about its own activation: docs/threat-model.md names this gap.
    """
    revision = home.bundle.revision
    if await home.store.read(activation.newest) == revision:
        return revision

    async def work() -> None:
        await activation.activate(home.store, revision=revision)

    await home.runtime.acts.perform(
        "policy.activate",
        work,
        person=person,
        arguments={"revision": revision},
        look=subject.installation("policy", revision),
    )
    return revision


async def ensure_in_force(home: Home, *, person: Principal) -> None:
    """Activate the policy for *person* if another one was in force before.

    The first policy of a new home needs no activation: there is nothing that it replaces.
    """
    before = await home.store.read(activation.newest)
    if before:
        await activate(home, person=person)
