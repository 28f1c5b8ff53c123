# A tool cannot be called without a permit, nor with something else in its place.

from interlock.runtime.door.tool import Value, tool
from interlock.runtime.policy.decision import Decision, Permit
from interlock.runtime.policy.request import Resource


class Mail(Value):
    to: str


class Sent(Value):
    id: str


@tool(
    "mail.test",
    action="irreversible",
    resource=lambda mail: Resource(type="mail", id=mail.to),
)
async def send(permit: Permit, mail: Mail) -> Sent:
    """Act as the test says."""
    return Sent(id=permit.key)


async def permitted(permit: Permit) -> Sent:
    return await send(permit, Mail(to="ann@example.com"))


async def without() -> Sent:
    return await send(Mail(to="ann@example.com"))  # refused: arg-type, call-arg


async def with_a_decision(decision: Decision) -> Sent:
    return await send(decision, Mail(to="ann@example.com"))  # refused: arg-type


async def with_other_arguments(permit: Permit) -> Sent:
    return await send(permit, Sent(id="1"))  # refused: arg-type
