"""A model behind the door: the object that nobody else holds, its longest answer and its price."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from interlock.runtime.graph import tripwire
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.label import Confidentiality
from interlock.tools.models import parts
from interlock.tools.models.generation import Generate
from interlock.tools.models.no_answer import ANSWER_S

MICRO: Final = 1_000_000


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


@runtime_checkable
class Endpoint(Protocol):
    """A model elsewhere, which may give no answer; `EndpointModel` is one."""

    @property
    def where(self) -> str:
        """What is asked, in words for people."""
        ...

    def formed(self, form: Mapping[str, Any]) -> "Endpoint":
        """Return the same model, whose answers follow *form*."""
        ...

    async def asked(
        self,
        permit: Permit,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any]],
    ) -> AIMessage:
        """Return the model's message; raises `NoAnswer`."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """One model, what it costs, and what it may be sent."""

    #: A LangChain model runs in this process, as the scripted planner does
    model: Model | BaseChatModel
    longest_answer: int  # tokens
    micro_per_million: int = 0  # money in millionths for a million tokens, in or out
    #: The same for tokens that the server knew already; None where they cost as much as others
    known_micro_per_million: int | None = None
    #: How long one answer may take
    answer_s: float = ANSWER_S
    #: The most restricted data the model may be sent: a model in this process may see all, a model
    #: elsewhere what its operator may
    clearance: Confidentiality = "confidential"
    #: The parts of a message that the model takes beside text
    takes: frozenset[parts.Part] = frozenset()

    @property
    def where(self) -> str:
        """What is asked, in words for people."""
        if isinstance(self.model, Endpoint):
            return self.model.where
        return f"model {type(self.model).__name__}"

    def price(self, tokens: int, *, known: int = 0) -> int:
        """Return what so many tokens cost, in millionths, of which the server *known* some."""
        cheap = self.known_micro_per_million
        if cheap is None:
            cheap = self.micro_per_million
        new = tokens - known
        return (new * self.micro_per_million + known * cheap) // MICRO

    async def answer(self, permit: Permit, arguments: Generate) -> AIMessage:
        """Return the model's message to the arguments of one call; raises as the model does."""
        messages = arguments.conversation()
        parts.check(messages, takes=self.takes)
        tools = json.loads(arguments.tools)
        model = self.model
        if isinstance(model, BaseChatModel):
            with tripwire.admit(permit, kind="model", name=type(model).__name__):
                return await model.ainvoke(messages, tools=tools)
        if isinstance(model, Endpoint):
            form = arguments.answer_schema
            endpoint = model if form is None else model.formed(form)
            return await endpoint.asked(permit, messages, tools)
        return await model.answer(permit, messages, tools)
