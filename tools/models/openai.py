"""A served model: any endpoint that speaks OpenAI's chat completions, such as vLLM's, as a LangChain chat model.

Only the model tool holds one. Reads only: asking again is harmless, so the client itself tries once
more when a connection breaks or the server is busy. Fails closed: an answer that is cut off, or is
no answer, is a failure of the tool with a code of its own, never half a plan.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, ChatResult
from openai.types.chat import ChatCompletion
from pydantic import SecretStr

from interlock.runtime.door.tool import ToolFailed

TIMEOUT_S: Final = 50.0  # for one try; the tool's own deadline of 60 s is over both
RETRIES: Final = 1
_DOT: Final = "__"  # the API's names are [a-zA-Z0-9_-], ours have a dot between two words


class EndpointModel(BaseChatModel):
    """One model of one endpoint; lives as long as the process and keeps no connection between calls.

    *url* is the API's base, such as http://127.0.0.1:8000/v1, *served* the model's name there.
    Raises `ToolFailed`: model_timeout, model_unreachable, model_busy, model_refused or
    model_malformed.
    """

    url: str
    served: str
    key: SecretStr
    longest_answer: int

    @property
    def _llm_type(self) -> str:
        return "openai-compatible"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> NoReturn:
        raise TypeError("an endpoint is asynchronous")

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        *,
        tools: Sequence[dict[str, Any]] = (),
        **_: Any,
    ) -> ChatResult:
        client = openai.AsyncOpenAI(
            base_url=self.url,
            api_key=self.key.get_secret_value(),
            timeout=TIMEOUT_S,
            max_retries=RETRIES,
        )
        given: Any = [_outward(each) for each in convert_to_openai_messages(messages)]
        offered: Any = [_renamed(each) for each in tools]
        async with client:
            with _failing():
                answer = await client.chat.completions.create(
                    model=self.served,
                    messages=given,
                    tools=offered or openai.omit,
                    max_completion_tokens=self.longest_answer,
                    temperature=0,
                )
        return ChatResult(generations=[ChatGeneration(message=_message(answer))])


@contextmanager
def _failing() -> Iterator[None]:
    """Turn the client's errors into the tool's; the server's own words are left out, they may hold what it was sent."""
    try:
        yield
    except openai.APITimeoutError as error:
        raise ToolFailed(
            code="model_timeout", detail=f"no answer within {TIMEOUT_S:.0f} s"
        ) from error
    except openai.APIConnectionError as error:
        raise ToolFailed(
            code="model_unreachable", detail="the endpoint could not be reached"
        ) from error
    except openai.APIStatusError as error:
        busy = error.status_code in {429, 500, 502, 503, 504}
        code = "model_busy" if busy else "model_refused"
        raise ToolFailed(code=code, detail=f"the endpoint answered {error.status_code}") from error
    except (openai.OpenAIError, ValueError) as error:
        raise ToolFailed(
            code="model_malformed", detail=f"no chat completion: {type(error).__name__}"
        ) from error


def _message(answer: ChatCompletion) -> AIMessage:
    choice = answer.choices[0] if getattr(answer, "choices", None) else None
    if (
        choice is None
        or choice.message is None
        or choice.finish_reason not in {"stop", "tool_calls"}
    ):
        reason = (
            "no choice" if choice is None else f"it ended by {str(choice.finish_reason)[:40]!r}"
        )
        raise ToolFailed(code="model_malformed", detail=f"the answer is not whole: {reason}")
    calls = [_call(each) for each in choice.message.tool_calls or ()]
    used = answer.usage
    counted: Any = used and {
        "input_tokens": used.prompt_tokens,
        "output_tokens": used.completion_tokens,
        "total_tokens": used.total_tokens,
    }
    return AIMessage(content=choice.message.content or "", tool_calls=calls, usage_metadata=counted)


def _call(each: Any) -> dict[str, Any]:
    try:
        name, arguments, call_id = each.function.name, json.loads(each.function.arguments), each.id
    except (ValueError, AttributeError, TypeError) as error:
        raise ToolFailed(code="model_malformed", detail="a tool call is not one") from error
    if not isinstance(arguments, dict) or not (
        isinstance(name, str) and isinstance(call_id, str) and call_id
    ):
        raise ToolFailed(code="model_malformed", detail="a tool call is not one")
    return {"name": _inward(name), "args": arguments, "id": call_id, "type": "tool_call"}


def _inward(name: str) -> str:
    return name.replace(_DOT, ".", 1)


def _renamed(schema: dict[str, Any]) -> dict[str, Any]:
    function = schema["function"]
    return schema | {"function": function | {"name": function["name"].replace(".", _DOT)}}


def _outward(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message with the tools' names as the endpoint knows them."""
    sent = {name: value for name, value in message.items() if name != "name"}
    if "tool_calls" in message:
        sent["tool_calls"] = [_renamed(each) for each in message["tool_calls"]]
    return sent
