"""The model tool: every generation is one `model.generate` action, whatever serves it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, messages_from_dict

from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.graph import tripwire
from interlock.runtime.graph.model import GENERATE
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Confidentiality, Label
from interlock.runtime.policy.request import Amounts, Resource

CHARS_A_TOKEN: Final = (
    3  # English text has about 4: an estimate that reserves too much, never too little
)
MICRO: Final = 1_000_000


class Generate(Value):
    """One chat completion; messages and tool schemas are JSON texts."""

    model: str
    purpose: str
    messages: str
    tools: str = "[]"


class Generation(Value):
    """The model's message as JSON, and what it used."""

    message: str
    input_tokens: int
    output_tokens: int
    money_micro: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """One model behind the door: the LangChain object nobody else holds, its longest answer and its price."""

    model: BaseChatModel
    longest_answer: int  # tokens
    micro_per_million: int = 0  # money in millionths for a million tokens, in or out
    #: The most restricted data it may be sent: one in this process may see all, one elsewhere what
    #: its operator may
    clearance: Confidentiality = "confidential"


def model_tools(models: Mapping[str, Served]) -> tuple[AnyTool, ...]:
    """Return `model.generate` over *models* by alias; an alias that is not there is a failure, not a fallback."""

    def cost(arguments: Generate) -> Amounts:
        served = models.get(arguments.model)
        answer = served.longest_answer if served else 0
        tokens = (len(arguments.messages) + len(arguments.tools)) // CHARS_A_TOKEN + answer
        price = served.micro_per_million if served else 0
        return Amounts(steps=1, tokens=tokens, money_micro=tokens * price // MICRO)

    def actual(used: Generation) -> Amounts:
        tokens = used.input_tokens + used.output_tokens
        return Amounts(steps=1, tokens=tokens, money_micro=used.money_micro)

    @tool(
        GENERATE,
        action="read",
        cost=cost,
        actual=actual,
        yields=_label,
        resource=lambda a: Resource(
            type="model",
            id=a.model,
            clearance=models[a.model].clearance if a.model in models else "public",
        ),
    )
    async def generate(permit: Permit, arguments: Generate) -> Generation:
        """Ask a model for one answer."""
        served = models.get(arguments.model)
        if served is None:
            raise ToolFailed(
                code="unknown_model",
                detail=f"no model {arguments.model!r}; there are {sorted(models)}",
            )
        messages = messages_from_dict(json.loads(arguments.messages))
        with tripwire.admit(permit, kind="model", name=type(served.model).__name__):
            answer = await served.model.ainvoke(messages, tools=json.loads(arguments.tools))
        return _generation(answer, arguments, served.micro_per_million)

    return (generate,)


def _label(_: Generate, __: Generation) -> Label:
    # What a model says may come from anything it read, and from its training.
    return Label(integrity="untrusted", confidentiality="public", sources=("model",))


def _generation(answer: AIMessage, arguments: Generate, price: int) -> Generation:
    used: Mapping[str, Any] = answer.usage_metadata or {}
    message = {
        "content": answer.text,
        "id": answer.id,
        "tool_calls": [
            {"name": each["name"], "args": each["args"], "id": each["id"]}
            for each in answer.tool_calls
        ],
    }
    read = int(used.get("input_tokens", len(arguments.messages) // CHARS_A_TOKEN))
    wrote = int(used.get("output_tokens", 0))
    return Generation(
        message=json.dumps(message, ensure_ascii=False),
        input_tokens=read,
        output_tokens=wrote,
        money_micro=(read + wrote) * price // MICRO,
    )
