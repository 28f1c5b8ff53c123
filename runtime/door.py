"""What an agent holds: the door of its own run, and LangChain objects that lead nowhere else."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NoReturn, assert_never

from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage, convert_to_messages, message_to_dict
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool

from interlock.runtime import tripwire
from interlock.runtime.canonical import digest
from interlock.runtime.decision import Denied
from interlock.runtime.errors import InterlockError, Unanswered, Ungoverned
from interlock.runtime.outcome import Done, Failed, Outcome, Settled, Unknown, Waiting
from interlock.runtime.pep import EnforcementPoint
from interlock.runtime.run import Run

GENERATE = "model.generate"
__all__ = ["GENERATE", "Door", "GovernedModel", "Refused", "say", "tripwire"]


class Refused(Exception):
    """A governed LangChain call that did not happen; *outcome* says why. The agent may plan around it."""

    def __init__(self, outcome: Denied | Waiting | Failed | Unknown | Settled) -> None:
        self.outcome = outcome
        super().__init__(say(outcome))


class _UnderWay:
    """The calls of one claim that are under way; lives as long as its door.

    Once one call has failed, no other begins, and the failure comes out only when all have ended: LangGraph cancels the
    tasks beside one that raises, and a call cut off in the middle would leave an effect unknown.
    """

    def __init__(self) -> None:
        self._count = 0
        self._none = asyncio.Event()
        self.failure: InterlockError | None = None

    async def __aenter__(self) -> None:
        if self.failure is not None:
            await self._ended()
            raise self.failure
        self._count += 1
        self._none.clear()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._count -= 1
        if self._count == 0:
            self._none.set()
        if isinstance(error, InterlockError):
            self.failure = self.failure or error
            await self._ended()

    async def _ended(self) -> None:
        while self._count:
            await self._none.wait()


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """The enforcement point bound to one claimed run; all that an agent can act through."""

    pep: EnforcementPoint
    run: Run
    _under_way: _UnderWay = field(default_factory=_UnderWay, repr=False)

    @property
    def failure(self) -> InterlockError | None:
        """What ended this claim's calls, or None; it stands even when the agent caught it."""
        return self._under_way.failure

    async def call(self, tool: str, arguments: Mapping[str, Any], *, call_id: str) -> Outcome:
        """Propose one action; see `EnforcementPoint.enforce`.

        Raises `Unanswered` when the engine failed: that is no answer an agent may plan around, so the claim ends here.
        """
        async with self._under_way:
            outcome = await self.pep.enforce(self.run, tool=tool, arguments=arguments, call_id=call_id)
            if isinstance(outcome, Denied) and outcome.decision.unanswered:
                why = "; ".join(reason.message or reason.code for reason in outcome.decision.reasons)
                raise Unanswered(run_id=self.run.id, tool=tool, codes=outcome.codes, why=why)
            return outcome

    def model(self, name: str, *, purpose: str) -> "GovernedModel":
        """Return the model *name* as a LangChain chat model whose every call is an action."""
        return GovernedModel(door=self, model=name, purpose=purpose)

    def schemas(self, *names: str) -> list[dict[str, Any]]:
        """Return the named tools as function schemas for `bind_tools`."""
        return [
            {
                "type": "function",
                "function": {"name": name, "description": name, "parameters": self.pep.tools[name].schema()},
            }
            for name in names
        ]


class GovernedModel(BaseChatModel):
    """A chat model that an agent may hold: each call is a `model.generate` action of its run.

    `ainvoke`, `astream` (one chunk) and `abatch` are governed; the synchronous calls and `generate` are refused.
    Raises `Refused` when the policy says no.
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
        outcome = await self.door.call(GENERATE, arguments, call_id=f"{GENERATE}:{digest(arguments)[:16]}")
        if not isinstance(outcome, Done):
            raise Refused(outcome)
        message: dict[str, Any] = json.loads(outcome.value.message)  # type: ignore[attr-defined]  # model.generate's result
        return AIMessage(**message)

    def invoke(self, input: LanguageModelInput, config: RunnableConfig | None = None, **_: Any) -> NoReturn:  # noqa: A002 - LangChain's name
        """Refuse: there is no synchronous door."""
        raise Ungoverned(kind="model", name=f"{self.model} (synchronous)")

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        raise Ungoverned(kind="model", name=self.model)

    @staticmethod
    def _messages(given: LanguageModelInput) -> list[BaseMessage]:
        if isinstance(given, str):
            return convert_to_messages([("human", given)])
        return given.to_messages() if hasattr(given, "to_messages") else convert_to_messages(list(given))


def reply(outcome: Outcome, *, call_id: str, tool: str) -> ToolMessage:
    """Return what the planner is told of an outcome."""
    done = isinstance(outcome, Done | Settled)
    content = outcome.value.model_dump_json() if isinstance(outcome, Done) else say(outcome)
    return ToolMessage(content=content, tool_call_id=call_id, name=tool, status="success" if done else "error")


def say(outcome: Denied | Waiting | Failed | Unknown | Settled) -> str:
    """Return one sentence on an outcome that has no result."""
    match outcome:
        case Denied():
            return "Denied: " + "; ".join(f"{each.code}: {each.message}" for each in outcome.decision.reasons)
        case Waiting():
            return f"Waiting for a person: approval {outcome.approval_id}"
        case Failed():
            return f"Failed: {outcome.code}: {outcome.detail}"
        case Settled():
            return "Done, as a person found; what the tool said of it is not known"
        case Unknown():
            return f"Outcome unknown: {outcome.detail}; a person must look"
        case _:
            assert_never(outcome)
