"""Language models behind the door: every call of a LangChain chat model is an action of its run."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NoReturn

from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    convert_to_messages,
    message_to_dict,
)
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from pydantic import Field

from interlock.runtime.canonical import digest
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done
from interlock.runtime.errors import BadInput, Ungoverned
from interlock.runtime.graph.answer import Resultless, say
from interlock.runtime.graph.langchain import GovernedTool

GENERATE: Final = "model.generate"


def governed(
    door: Door,
    name: str,
    *,
    purpose: str,
    form: Mapping[str, Any] | None = None,
) -> "GovernedModel":
    """Return the model *name* as a LangChain chat model whose calls are actions of the run.

    With a *form*, a JSON schema, the text of each answer is JSON that fits the form: an answer that
    does not is asked for once more, and then refused ("model_unfit").
    """
    return GovernedModel(
        door=door,
        model=name,
        purpose=purpose,
        form=dict(form or {}),
    )


class Refused(Exception):
    """A governed call did not happen; *outcome* says why. The agent may plan around it."""

    def __init__(self, outcome: Resultless) -> None:
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
    form: dict[str, Any] = Field(default_factory=dict)

    @property
    def _llm_type(self) -> str:
        return "interlock"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        **options: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return the same model knowing *tools*: schemas, or tools whose every call is governed.

        Raises `Ungoverned` for anything else that can be called, and `BadInput` for an option such
        as `tool_choice`: a model is asked without any.
        """
        self._without(options)
        schemas = tuple(_schema(bound) for bound in tools)
        return self.model_copy(update={"bound": schemas})

    async def ainvoke(
        self,
        input: LanguageModelInput,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **options: Any,
    ) -> AIMessage:
        """Propose the generation and return the model's message.

        Raises `BadInput` for an option such as `stop`: the record would not hold the option.
        """
        self._without({"stop": stop} | options)
        messages = [message_to_dict(each) for each in self._messages(input)]
        arguments = {
            "model": self.model,
            "purpose": self.purpose,
            "messages": json.dumps(messages, sort_keys=True, ensure_ascii=False),
            "tools": json.dumps(self.bound, sort_keys=True, ensure_ascii=False),
        }
        if self.form:
            arguments["form"] = json.dumps(self.form, sort_keys=True)
        outcome = await self.door.call(
            GENERATE, arguments, call_id=f"{GENERATE}:{digest(arguments)[:16]}"
        )
        if not isinstance(outcome, Done):
            raise Refused(outcome)
        message: dict[str, Any] = json.loads(outcome.value.message)  # type: ignore[attr-defined]  # model.generate's result
        return AIMessage(**message)

    def invoke(
        self,
        input: LanguageModelInput,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **_: Any,
    ) -> NoReturn:
        """Refuse: there is no synchronous door."""
        raise Ungoverned(kind="model", name=f"{self.model} (synchronous)")

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        raise Ungoverned(kind="model", name=self.model)

    def _without(self, options: Mapping[str, Any]) -> None:
        """Refuse an option that would be passed over in silence."""
        chosen = [
            name
            for name, value in options.items()
            if value is not None and (name, value) != ("tool_choice", "auto")
        ]
        if chosen:
            raise BadInput(
                what=f"call of model {self.model!r}",
                why=f"the option {chosen[0]!r} is not offered",
                next_step="Leave it out: a governed model is asked without options.",
            )

    @staticmethod
    def _messages(given: LanguageModelInput) -> list[BaseMessage]:
        if isinstance(given, str):
            return convert_to_messages([("human", given)])
        return (
            given.to_messages()
            if hasattr(given, "to_messages")
            else convert_to_messages(list(given))
        )


def _schema(tool: object) -> dict[str, Any]:
    if isinstance(tool, dict):
        return tool
    if isinstance(tool, GovernedTool):
        return tool.function_schema()
    raise Ungoverned(kind="tool", name="a callable bound to a model")
