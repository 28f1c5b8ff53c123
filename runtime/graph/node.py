"""The node in which a planner's tool calls become actions."""

from collections.abc import Iterable
from typing import Any, Final

from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from langgraph.types import Send, interrupt

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Waiting
from interlock.runtime.graph.answer import reply

TOOLS: Final = "tools"


class ToolNode:
    """The node in which tool calls become actions; add its `act` under the name `TOOLS`.

    Route to it with `calls`: one `Send` per call, because two suspended calls in one task get each
    other's answers. *tools* are those that the planner is shown: the policy denies it any other. Of
    those that are *unread* the planner is given handles in place of results. A wait for a person
    suspends the graph. After waking, the approval's row decides, never the value resumed with.
    """

    def __init__(
        self,
        door: Door,
        *,
        tools: Iterable[str],
        unread: Iterable[str] = (),
    ) -> None:
        self._door = door.offering(*tools, unread=unread)

    async def act(self, call: ToolCall) -> dict[str, Any]:
        """Carry one tool call through the door and answer the planner."""
        return {"messages": [await carried(self._door, call)]}


async def carried(door: Door, call: ToolCall) -> ToolMessage:
    """Carry one tool call through *door*, and return what the planner is told.

    A wait for a person suspends the graph, again if the verdict had expired before the run went on.
    """
    name = call["name"]
    call_id = str(call["id"])
    while True:
        outcome = await door.call(name, call["args"], call_id=call_id)
        if not isinstance(outcome, Waiting):
            return reply(outcome, call_id=call_id, tool=name)
        interrupt({"approval": outcome.approval_id})


def calls(message: AIMessage) -> list[Send]:
    """Return one `Send` to the tool node for each tool call of *message*."""
    return [Send(TOOLS, call) for call in message.tool_calls]
