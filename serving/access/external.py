"""External tools: what an application outside carries out itself, as this policy lists it."""

from typing import Any

from pydantic import ConfigDict

from interlock.runtime.door.evaluations import Question
from interlock.runtime.door.proposal import UNKNOWN
from interlock.runtime.door.tool import AnyTool, Value, tool
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.engine.bundle import Bundle
from interlock.runtime.policy.request import (
    Action,
    ActionClass,
    Principal,
    Resource,
)
from interlock.serving.access.query import Query


class Statements(Value):
    """What the application states, by the names that the policy's data lists."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)


class Answered(Value):
    """That the application was told it may act."""

    permitted: bool


def tools(bundle: Bundle | None) -> dict[str, AnyTool]:
    """Return the external tools that *bundle* lists; none where there is no bundle."""
    entries: dict[str, Any] = (
        {} if bundle is None else bundle.data["rails"]["config"]["tools"]
    )
    return {
        name: _tool(name, rules["action_class"])
        for name, rules in entries.items()
        if rules["egress"] == "external"
    }


def question(
    query: Query,
    known: AnyTool | None,
    *,
    asker: Principal,
    roles: tuple[str, ...],
) -> Question:
    """Return what the policy is asked; *known* is None for an action that no entry names.

    Such an action goes by the name "unknown", and its name is kept with the statements.
    """
    arguments = query.arguments()
    if known is None:
        action = Action(
            tool=UNKNOWN,
            action_class="irreversible",
            arguments={"action": query.action.name, "stated": arguments},
        )
    else:
        action = Action(
            tool=known.name,
            action_class=known.action_class,
            arguments=arguments,
        )
    return Question(
        principal=query.principal(asker, roles=roles),
        action=action,
        resource=query.thing,
        is_known=known is not None,
    )


def _tool(name: str, action_class: ActionClass) -> AnyTool:
    # The answer leaves only after it was recorded, so a call that was not recorded was not heard.
    @tool(
        name,
        action=action_class,
        resource=_resource,
        idempotent=True,
        deadline_s=1.0,
    )
    async def act(permit: Permit, arguments: Statements) -> Answered:
        """Tell the application that it may act."""
        return Answered(permitted=True)

    return act


def _resource(arguments: Statements) -> Resource:
    stated = arguments.model_dump()
    return Resource(type=stated["resource.type"], id=stated["resource.id"])
