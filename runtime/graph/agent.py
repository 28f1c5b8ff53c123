"""Agents: a LangGraph workflow, and what the runtime must know of it before it runs."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

from langgraph.graph import StateGraph
from pydantic import ValidationError

from interlock.runtime.canonical import Json
from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import AnyTool, Value
from interlock.runtime.errors import BadInput

#: An uncompiled LangGraph graph, whatever its state
Graph: TypeAlias = StateGraph[Any, Any, Any, Any]


class Workflow(Protocol):
    """A named graph over a door, and the view of its result: all that the driver needs.

    A workflow holds no state between runs, so one instance serves every run at once.
    """

    @property
    def name(self) -> str:
        """The workflow's name, as the policy and the ledger know the agent."""
        ...

    def build(self, door: Door) -> Graph:
        """Return the uncompiled graph of one run; its nodes act through *door* and nothing else."""
        ...

    def outcome(self, state: dict[str, Any]) -> dict[str, Json]:
        """Return what the run has produced, from the last state of the graph (empty at first).

        The key "stopped" says that the agent could not finish: the run then ends as failed.
        """
        ...


@runtime_checkable
class Agent(Workflow, Protocol):
    """A workflow that can be started by name: it declares its role, its tools and its request."""

    @property
    def role(self) -> str:
        """The role under which the agent acts: the policy grants tools to roles."""
        ...

    @property
    def tools(self) -> Sequence[AnyTool]:
        """Every tool the agent may propose; the door knows no other."""
        ...

    @property
    def request(self) -> type[Value]:
        """The type of what a caller says to start a run.

        A request is checked against the type before the run exists, and is then the graph's input.
        """
        ...


def requested(agent: Agent, request: Value | Mapping[str, Any]) -> dict[str, Json]:
    """Return the request as plain JSON values; `BadInput` names the first wrong field."""
    fields = (
        request.model_dump(mode="json") if isinstance(request, Value) else dict(request)
    )
    try:
        checked = agent.request.model_validate(fields, strict=False)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the request"
        raise BadInput(
            what=f"request to {agent.name}",
            why=f"{place}: {first['msg']}",
            next_step=f"Its fields are: {', '.join(agent.request.model_fields) or 'none'}.",
        ) from error
    plain: dict[str, Json] = checked.model_dump(mode="json")
    return plain
