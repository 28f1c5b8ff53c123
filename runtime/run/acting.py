"""Who acts: a person, or an agent at work for a person."""

from typing import Final

from interlock.runtime.policy.request import Principal, identity

#: What the ids of agents begin with, for the policy too
AGENT: Final = "agent:"


def acting(agent: str, role: str, person: Principal) -> Principal:
    """Return the *agent*, in its *role*, at work for the *person*."""
    return Principal(
        id=f"{AGENT}{agent}",
        tenant=person.tenant,
        roles=(role,),
        on_behalf_of=person.id,
    )


def is_person(principal: Principal) -> bool:
    """Whether *principal* has a name that is seen and is not an agent's, in whatever letters."""
    name = identity(principal.id)
    is_agent = principal.on_behalf_of is not None or name.startswith(AGENT)
    return bool(name and principal.tenant) and not is_agent
