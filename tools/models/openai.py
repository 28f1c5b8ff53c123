"""A served model: one model of any endpoint that speaks OpenAI's chat completions, such as vLLM's.

Only the model tool holds one. An answer that is cut off, or is no answer, is a failure of the tool
with a code of its own, never half a plan (fails closed). An endpoint that is away holds the run:
nothing was done, and the run can be carried on when the endpoint is back.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import openai
from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages
from pydantic import SecretStr

from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.errors import Unavailable
from interlock.runtime.policy.decision import Permit
from interlock.tools.outbound.client import Bounds
from interlock.tools.outbound.destination import Destination
from interlock.tools.outbound.errors import NotSent, Spoilt
from interlock.tools.outbound.transport import client

#: A megabyte, and less than the tool's own deadline of 60 s, for the whole answer
BOUNDS: Final = Bounds(most_bytes=1024 * 1024, total_s=50.0)
#: Answers that say "not now": too many requests, and what a proxy or a starting server says
_AWAY: Final = frozenset({408, 429, 502, 503, 504})
_DOT: Final = "__"  # the API's names are [a-zA-Z0-9_-], ours have dots between words


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointModel:
    """One model of one endpoint; it keeps no connection between calls.

    *endpoint* is the API's base, such as http://127.0.0.1:8000/v1, *served* the model's name there.
    The endpoint is asked once a call. The `openai` SDK writes the question and reads the
    answer; its variables (`OPENAI_*`) have no say in where the question goes or what its head says.
    """

    endpoint: Destination
    served: str
    key: SecretStr
    longest_answer: int  # tokens
    bounds: Bounds = BOUNDS
    #: The JSON schema that each answer's text follows; without it the answer is free
    form: Mapping[str, Any] | None = None

    async def answer(
        self,
        permit: Permit,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any]],
    ) -> AIMessage:
        """Return the model's message.

        Raises `ToolFailed` (model_refused, model_malformed, and model_ with the code of what came
        back spoilt), and `Unavailable` when the endpoint cannot be reached, does not answer in
        time, or says that it cannot now.
        """
        url = self.endpoint.url
        try:
            body = await self._asked(messages, tools)
        except openai.APIStatusError as error:
            why = f"it answered {error.status_code}"
            if error.status_code in _AWAY:
                raise self._away(permit, why) from error
            # The server's own words are left out: they may hold what it was sent.
            raise ToolFailed(code="model_refused", detail=f"{url}: {why}") from error
        except (NotSent, openai.APIConnectionError) as error:
            raise self._away(permit, _why(error)) from error
        except Spoilt as error:
            if error.code in {"late", "cut_off"}:
                raise self._away(permit, error.why) from error
            raise ToolFailed(code=f"model_{error.code}", detail=str(error)) from error
        except (openai.OpenAIError, ValueError, RecursionError) as error:
            raise _malformed(f"no chat completion: {type(error).__name__}") from error
        return _message(body, tools)

    async def _asked(
        self, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]
    ) -> object:
        """Return the answer's JSON; raises what the SDK raises, and ValueError for no JSON."""
        key = self.key.get_secret_value()
        head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        sdk = openai.AsyncOpenAI(
            base_url=self.endpoint.url,
            api_key=key,
            max_retries=0,
            timeout=None,  # the bounds limit the whole
            http_client=client(self.endpoint, headers=head, bounds=self.bounds),
        )
        async with sdk:
            ask = sdk.chat.completions.with_raw_response.create
            answer = await ask(**self._question(messages, tools))
            return json.loads(answer.http_response.content)

    def _question(
        self, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]]
    ) -> dict[str, Any]:
        """Return what is asked, in the words of the SDK."""
        question: dict[str, Any] = {
            "model": self.served,
            "messages": [
                _outward(message) for message in convert_to_openai_messages(messages)
            ],
            "max_completion_tokens": self.longest_answer,
            "temperature": 0,
        }
        if tools:
            question["tools"] = [_renamed(schema) for schema in tools]
        if self.form is not None:
            form = {"name": "answer", "strict": True, "schema": self.form}
            question["response_format"] = {"type": "json_schema", "json_schema": form}
        return question

    def _away(self, permit: Permit, why: str) -> Unavailable:
        return Unavailable(
            what=f"model endpoint {self.endpoint.url}",
            why=why,
            run_id=permit.run_id,
        )


def _why(error: NotSent | openai.APIConnectionError) -> str:
    return error.why if isinstance(error, NotSent) else "it cannot be reached"


def _message(body: object, tools: Sequence[dict[str, Any]]) -> AIMessage:
    """Return the first choice as a message; anything out of the API's form is model_malformed."""
    offered = [schema["function"]["name"] for schema in tools]
    ours = {name.replace(".", _DOT): name for name in offered}
    match body:
        case {
            "choices": [
                {"finish_reason": "stop" | "tool_calls", "message": {**message}},
                *_,
            ]
        }:
            pass
        case {"choices": [{"finish_reason": reason}, *_]}:
            raise _malformed(
                f"the answer is not whole: it ended by {str(reason)[:40]!r}"
            )
        case _:
            raise _malformed("the answer is not whole: no choice")
    content = message.get("content") or ""
    calls = message.get("tool_calls") or []
    if not isinstance(content, str) or not isinstance(calls, list):
        raise _malformed("the message is not one")
    return AIMessage(
        content=content,
        tool_calls=[_call(call, ours) for call in calls],
        usage_metadata=_usage(body),
    )


def _usage(body: object) -> Any:
    """Return the tokens as the endpoint counts them, or None when it gives no two numbers."""
    match body:
        case {"usage": {"prompt_tokens": read, "completion_tokens": wrote}}:
            if type(read) is int and type(wrote) is int:
                return {
                    "input_tokens": read,
                    "output_tokens": wrote,
                    "total_tokens": read + wrote,
                }
    return None


def _call(call: object, ours: Mapping[str, str]) -> dict[str, Any]:
    match call:
        case {
            "id": str(call_id),
            "function": {"name": str(name), "arguments": str(text)},
        }:
            arguments = _arguments(text)
        case _:
            raise _malformed("a tool call is not one")
    if not call_id:
        raise _malformed("a tool call is not one")
    return {
        "name": ours.get(name, name),
        "args": arguments,
        "id": call_id,
        "type": "tool_call",
    }


def _arguments(text: str) -> dict[str, Any]:
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _malformed("the arguments of a tool call are no JSON") from error
    if not isinstance(arguments, dict):
        raise _malformed("the arguments of a tool call are no object")
    return arguments


def _malformed(detail: str) -> ToolFailed:
    return ToolFailed(code="model_malformed", detail=detail)


def _renamed(schema: dict[str, Any]) -> dict[str, Any]:
    function = schema["function"]
    return schema | {
        "function": function | {"name": function["name"].replace(".", _DOT)}
    }


def _outward(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message with the tools' names as the endpoint knows them."""
    sent = {name: value for name, value in message.items() if name != "name"}
    if "tool_calls" in message:
        sent["tool_calls"] = [_renamed(call) for call in message["tool_calls"]]
    return sent
