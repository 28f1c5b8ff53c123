"""Language models behind the door: a LangChain chat model whose every call is an action of its run."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn, assert_never

from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ToolMessage,
    convert_to_messages,
    message_to_dict,
)
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool

from interlock.runtime.canonical import digest
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done, Failed, Outcome, Resolved, Unknown, Waiting
from interlock.runtime.errors import Ungoverned
from interlock.runtime.policy.decision import Denied

GENERATE: Final = "model.generate"


def governed(door: Door, name: str, *, purpose: str) -> "GovernedModel":
    """Return the model *name* as a LangChain chat model whose every call is an action of the door's run."""
    return GovernedModel(door=door, model=name, purpose=purpose)


class Refused(Exception):
    """A governed LangChain call that did not happen; *outcome* says why. The agent may plan around it."""

    def __init__(self, outcome: Denied | Waiting | Failed | Unknown | Resolved) -> None:
        self.outcome = outcome
        super().__init__(say(outcome))


class GovernedModel(BaseChatModel):
    """A chat model that an agent may hold: each call is a `model.generate` action of its run.

    `ainvoke`, `astream` (one chunk) and `abatch` are governed; the synchronous calls and `generate`
    are refused. Raises `Refused` when the policy says no.
    """

    door: Any
    model: str
    purpose: str
    bound: tuple[dict[str, Any], ...] = ()

    @property
    def _llm_type(self) -> str:
        return "interlock"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **_: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return the same model knowing *tools*; only plain schemas, so that nothing callable is handed to it."""
        if not all(isinstance(each, dict) for each in tools):
            raise Ungoverned(kind="tool", name="a callable bound to a model")
        return self.model_copy(update={"bound": tuple(tools)})

    async def ainvoke(
        self,
        input: LanguageModelInput,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **_: Any,
    ) -> AIMessage:
        """Propose the generation and return the model's message."""
        messages = [message_to_dict(each) for each in self._messages(input)]
        arguments = {
            "model": self.model,
            "purpose": self.purpose,
            "messages": json.dumps(messages, sort_keys=True, ensure_ascii=False),
            "tools": json.dumps(self.bound, sort_keys=True, ensure_ascii=False),
        }
        outcome = await self.door.call(
            GENERATE, arguments, call_id=f"{GENERATE}:{digest(arguments)[:16]}"
        )
        if not isinstance(outcome, Done):
            raise Refused(outcome)
        message: dict[str, Any] = json.loads(outcome.value.message)  # type: ignore[attr-defined]  # model.generate's result
        return AIMessage(**message)

    def invoke(
        self, input: LanguageModelInput, config: RunnableConfig | None = None, **_: Any
    ) -> NoReturn:  # noqa: A002 - LangChain's name
        """Refuse: there is no synchronous door."""
        raise Ungoverned(kind="model", name=f"{self.model} (synchronous)")

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        raise Ungoverned(kind="model", name=self.model)

    @staticmethod
    def _messages(given: LanguageModelInput) -> list[BaseMessage]:
        if isinstance(given, str):
            return convert_to_messages([("human", given)])
        return (
            given.to_messages()
            if hasattr(given, "to_messages")
            else convert_to_messages(list(given))
        )


def reply(outcome: Outcome, *, call_id: str, tool: str) -> ToolMessage:
    """Return what the planner is told of an outcome."""
    done = isinstance(outcome, Done | Resolved)
    content = outcome.value.model_dump_json() if isinstance(outcome, Done) else say(outcome)
    return ToolMessage(
        content=content, tool_call_id=call_id, name=tool, status="success" if done else "error"
    )


def say(outcome: Denied | Waiting | Failed | Unknown | Resolved) -> str:
    """Return one sentence on an outcome that has no result."""
    match outcome:
        case Denied():
            return "Denied: " + "; ".join(
                f"{each.code}: {each.message}" for each in outcome.decision.reasons
            )
        case Waiting():
            return f"Waiting for a person: approval {outcome.approval_id}"
        case Failed():
            return f"Failed: {outcome.code}: {outcome.detail}"
        case Resolved():
            return "Done, as a person found; what the tool said of it is not known"
        case Unknown():
            return f"Outcome unknown: {outcome.detail}; a person must look"
        case _:
            assert_never(outcome)
