"""LangChain's own tools and nodes, through the door.

Two directions. `langchain_tool` puts a LangChain tool behind the door, as a tool of the runtime.
`GovernedTool` is what LangGraph's prebuilt agents and tool nodes hold instead of a tool: every
call of it is an action of its run.
"""

from collections.abc import Iterable
from typing import Any, NoReturn

from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from pydantic import BaseModel, create_model

from interlock.runtime.door.door import Door
from interlock.runtime.door.tool import Tool, Value, tool
from interlock.runtime.errors import Ungoverned
from interlock.runtime.graph import tripwire
from interlock.runtime.graph.node import carried
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import ActionClass


class Text(Value):
    """What a LangChain tool gave back, as text."""

    text: str


def langchain_tool(
    wrapped: BaseTool, *, action: ActionClass, name: str | None = None, **options: Any
) -> Tool[Any, Text]:
    """Return *wrapped* as a tool for the door, under its own name or *name*.

    *options* are those of `interlock.tool`. The arguments are those of the LangChain tool, typed
    strictly and without floats. The result counts as untrusted and confidential unless *options*
    say otherwise (`yields`, `failing`). Raises TypeError for a tool whose arguments are not a
    pydantic model, or that has no description.
    """
    arguments = _arguments(wrapped)
    label = Label(
        integrity="untrusted",
        confidentiality="confidential",
        sources=(f"tool:{wrapped.name}",),
    )
    options.setdefault("yields", lambda _arguments, _text: label)
    options.setdefault("failing", label)

    async def act(permit: Permit, arguments: Value) -> Text:
        with tripwire.admit(permit, kind="tool", name=wrapped.name):
            answer = await wrapped.ainvoke(arguments.model_dump())
        return Text(text=str(answer))

    act.__doc__ = wrapped.description
    act.__annotations__["arguments"] = arguments
    return tool(name or wrapped.name, action=action, **options)(act)


def _arguments(wrapped: BaseTool) -> type[Value]:
    schema = wrapped.get_input_schema()
    if not issubclass(schema, BaseModel):
        raise TypeError(f"the arguments of {wrapped.name} are not a pydantic model")
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in schema.model_fields.items()
    }
    return create_model(schema.__name__, __base__=Value, **fields)


class GovernedTool(BaseTool):
    """A tool as LangGraph's prebuilt nodes call it; made by `governed_tools`.

    A call is proposed at the door of one run; a wait for a person suspends the graph. Only
    `ainvoke` with a tool call is offered: anything else raises `Ungoverned`.
    """

    door: Any

    async def ainvoke(
        self,
        input: str | dict[str, Any] | ToolCall,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> ToolMessage:
        """Carry one tool call through the door, and return what the planner is told."""
        if not isinstance(input, dict) or input.get("type") != "tool_call":
            self._refuse()
        call = ToolCall(name=self.name, args=input["args"], id=input["id"])
        return await carried(self.door, call)

    def invoke(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: there is no synchronous door."""
        self._refuse()

    def function_schema(self) -> dict[str, Any]:
        """Return the tool as a function schema."""
        (schema,) = self.door.schemas(self.name)
        function: dict[str, Any] = schema
        return function

    def _run(self, *_: Any, **__: Any) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Ungoverned(
            kind="tool", name=f"{self.name} (only a tool call is governed)"
        )


def governed_tools(
    door: Door,
    *names: str,
    unread: Iterable[str] = (),
) -> list[GovernedTool]:
    """Return the named tools of *door* for `bind_tools` and for LangGraph's prebuilt nodes.

    Every call of one is a planner's, to whom these were offered and no others. Of those that are
    *unread* the planner is given handles in place of results.
    """
    planners = door.offering(*names, unread=unread)
    tools = []
    for name in names:
        behind = door.pep.tools[name]
        tools.append(
            GovernedTool(
                door=planners,
                name=name,
                description=behind.description,
                args_schema=behind.arguments,
            )
        )
    return tools
