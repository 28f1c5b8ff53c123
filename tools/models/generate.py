"""The model tool: every generation is one `model.generate` action, whatever serves it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, get_args

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, messages_from_dict

from interlock.runtime.door.tool import AnyTool, ToolFailed, Value, tool
from interlock.runtime.graph import tripwire
from interlock.runtime.graph.model import GENERATE
from interlock.runtime.policy.bounds import Bounds
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Confidentiality, Label
from interlock.runtime.policy.request import Amounts, Resource
from interlock.tools.models import parts
from interlock.tools.models.answer import taken
from interlock.tools.models.usage import counted, estimated, sent
from interlock.tools.outbound.errors import Unfit

#: How a generation fails
CODES: Final = frozenset(
    {
        "unknown_model",
        parts.REFUSED,
        "model_refused",
        "model_malformed",
        "too_many_calls",
        "answer_too_long",
        *(f"model_{code}" for code in get_args(Unfit)),
    }
)
MICRO: Final = 1_000_000


class Generate(Value):
    """One chat completion; messages and tool schemas are JSON texts."""

    model: str
    purpose: str
    messages: str
    tools: str = "[]"

    def conversation(self) -> Sequence[BaseMessage]:
        """Return the messages."""
        return messages_from_dict(json.loads(self.messages))


class Generation(Value):
    """The model's message as JSON, and what it used."""

    message: str
    input_tokens: int
    output_tokens: int
    money_micro: int = 0


class Model(Protocol):
    """A model that the tool asks by itself; `EndpointModel` is one."""

    async def answer(
        self,
        permit: Permit,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any]],
    ) -> AIMessage:
        """Return the model's message, with its token usage if the model tells it."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """One model behind the door: the object nobody else holds, its longest answer and its price."""

    #: A LangChain model runs in this process, as the scripted planner does
    model: Model | BaseChatModel
    longest_answer: int  # tokens
    micro_per_million: int = 0  # money in millionths for a million tokens, in or out
    #: The most restricted data the model may be sent: a model in this process may see all, a model
    #: elsewhere what its operator may
    clearance: Confidentiality = "confidential"
    #: The parts of a message that the model takes beside text
    takes: frozenset[parts.Part] = frozenset()

    def price(self, tokens: int) -> int:
        """Return what so many tokens cost, in millionths."""
        return tokens * self.micro_per_million // MICRO

    async def answer(self, permit: Permit, arguments: Generate) -> AIMessage:
        """Return the model's message to the arguments of one call."""
        messages = arguments.conversation()
        parts.check(messages, takes=self.takes)
        tools = json.loads(arguments.tools)
        if not isinstance(self.model, BaseChatModel):
            return await self.model.answer(permit, messages, tools)
        with tripwire.admit(permit, kind="model", name=type(self.model).__name__):
            return await self.model.ainvoke(messages, tools=tools)


def model_tools(models: Mapping[str, Served]) -> tuple[AnyTool, ...]:
    """Return `model.generate` over *models* by alias.

    An alias that is not there is a failure; no other model answers in its place.
    """

    def cost(arguments: Generate) -> Amounts:
        served = models.get(arguments.model)
        tokens = estimated(arguments.messages + arguments.tools)
        if served is None:
            return Amounts(steps=1, tokens=tokens)
        tokens += served.longest_answer
        return Amounts(
            steps=1,
            tokens=tokens,
            money_micro=served.price(tokens),
        )

    def resource(arguments: Generate) -> Resource:
        served = models.get(arguments.model)
        clearance = served.clearance if served else "public"
        return Resource(
            type="model",
            id=arguments.model,
            clearance=clearance,
        )

    @tool(
        GENERATE,
        action="read",
        cost=cost,
        actual=_spent,
        yields=_label,
        codes=CODES,
        resource=resource,
    )
    async def generate(permit: Permit, arguments: Generate) -> Generation:
        """Ask a model for one answer."""
        served = models.get(arguments.model)
        if served is None:
            detail = f"no model {arguments.model!r}; there are {sorted(models)}"
            raise ToolFailed(code="unknown_model", detail=detail)
        answer = await served.answer(permit, arguments)
        return _generation(answer, arguments, served, bounds=permit.bounds)

    return (generate,)


def _spent(used: Generation) -> Amounts:
    tokens = used.input_tokens + used.output_tokens
    return Amounts(
        steps=1,
        tokens=tokens,
        money_micro=used.money_micro,
    )


def _label(_: Generate, __: Generation) -> Label:
    # What a model says may come from anything it read, and from its training.
    return Label(
        integrity="untrusted",
        confidentiality="public",
        sources=("model",),
    )


def _generation(
    answer: AIMessage, arguments: Generate, served: Served, *, bounds: Bounds
) -> Generation:
    message = taken(answer, bounds=bounds, longest=served.longest_answer)
    told: Mapping[str, Any] = answer.usage_metadata or {}
    passed = sent(arguments.conversation(), arguments.tools)
    read = counted(told, "input_tokens", passed=passed)
    wrote = counted(told, "output_tokens", passed=sent([answer], ""))
    return Generation(
        message=message,
        input_tokens=read,
        output_tokens=wrote,
        money_micro=served.price(read + wrote),
    )
