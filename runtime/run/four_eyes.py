"""Who may give a verdict: an entitled person of the same tenant, other than the one it serves, who says why."""

from typing import Final

from interlock.runtime.policy.request import Principal

SHORTEST_NOTE: Final = 3  # characters: a verdict without a reason is a rubber stamp


def objection(
    person: Principal, *, requester: str, role: str, tenant: str, note: str
) -> str | None:
    """Return why *person* may not decide what *requester* asked for, or None (fails closed).

    This comes before anything is recorded, so the policy is never told of a verdict from another
    tenant: its facts need no tenant for each reviewer.
    """
    if not person.id.strip():
        return "it is given by nobody"
    if (
        person.id.strip().lower() == requester.strip().lower()
    ):  # names that differ in case only are one person's
        return f"{person.id!r} asked for it and may not decide it"
    if person.tenant != tenant:
        return f"{person.id!r} is of tenant {person.tenant!r}, and it is of tenant {tenant!r}"
    if role not in person.roles:
        return f"{person.id!r} has not the role {role!r}"
    if len(note.strip()) < SHORTEST_NOTE:
        return "a verdict needs a reason in words"
    return None
