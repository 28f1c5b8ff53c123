"""The node in which a planner's tool calls become actions."""

from typing import Any, Final

from langchain_core.messages import AIMessage, ToolCall
from langgraph.types import Send, interrupt

from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Waiting
from interlock.runtime.graph.model import reply

TOOLS: Final = "tools"


class ToolNode:
    """The node in which a planner's tool calls become actions; add its `act` under the name `TOOLS`.

    Route to it with `calls`: one `Send` per call, because two suspended calls in one task get each
    other's answers. A wait for a person suspends the graph. After waking, the approval's row
    decides, never the value resumed with.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def act(self, call: ToolCall) -> dict[str, Any]:
        """Carry one tool call through the door and answer the planner."""
        name, arguments, call_id = call["name"], call["args"], str(call["id"])
        outcome = await self._door.call(name, arguments, call_id=call_id)
        while isinstance(
            outcome, Waiting
        ):  # again when the verdict had expired before the run went on
            interrupt({"approval": outcome.approval_id})
            outcome = await self._door.call(name, arguments, call_id=call_id)
        return {"messages": [reply(outcome, call_id=call_id, tool=name)]}


def calls(message: AIMessage) -> list[Send]:
    """Return one `Send` to the tool node for each tool call of *message*."""
    return [Send(TOOLS, call) for call in message.tool_calls]
