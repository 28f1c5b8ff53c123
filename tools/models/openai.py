"""A served model: one model of any endpoint that speaks OpenAI's chat completions, such as vLLM's.

Only the model tool holds one. An answer that is cut off, or is no answer, is a failure with a code
of its own, never half a plan (fails closed). An endpoint that is away holds the run: nothing was
done, and the run can be carried on when the endpoint is back.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from http import HTTPStatus
from typing import Any, Final, Self

import openai
from langchain_core.messages import AIMessage, BaseMessage
from pydantic import SecretStr

from interlock.runtime import telemetry
from interlock.runtime.policy.decision import Permit
from interlock.tools.models.completion import malformed, message_of
from interlock.tools.models.no_answer import ANSWER_S, NoAnswer, ended
from interlock.tools.models.question import Question
from interlock.tools.models.stream import joined
from interlock.tools.outbound.client import Bounds
from interlock.tools.outbound.connection import Holder
from interlock.tools.outbound.destination import Destination
from interlock.tools.outbound.errors import NotSent, Spoilt
from interlock.tools.outbound.transport import RESPONSE, bound_for, kept_client

#: A megabyte, and less than the tool's own deadline of 60 s, for the whole answer
BOUNDS: Final = Bounds(most_bytes=1024 * 1024, total_s=ANSWER_S)
#: What an endpoint is told of how long it is waited for, in milliseconds
DEADLINE: Final = "X-Deadline-Ms"
#: Answers that say "not now", and what a proxy says whose server gave no answer
_OVERLOADED: Final = frozenset({429, 503})
_AWAY: Final = frozenset({408, 502, 504})
_NOWHERE: Final = "http://model.invalid"
#: Of the time that a call may take: the rest is for saying that there was no answer
_SHARE: Final = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class EndpointModel:
    """One model of one endpoint; a connection is kept between the calls of one tenant.

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
    #: Whether the answer is taken piece by piece, so that silence is noticed early
    streams: bool = False
    #: Whether a call's arguments must keep to the schema of its tool, at the endpoint already
    strict: bool = True
    #: What keeps the prefixes of one tenant apart, by the tenant's name; None where nothing does
    salt: Callable[[str], str] | None = None

    @property
    def where(self) -> str:
        """What is asked, in words for people."""
        return f"model endpoint {self.endpoint.url}"

    def formed(self, form: Mapping[str, Any]) -> Self:
        """Return the same model, whose answers follow *form*."""
        return replace(self, form=form)

    async def answer(
        self,
        permit: Permit,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any]],
    ) -> AIMessage:
        """Return the model's message.

        Raises `ToolFailed` with the code of what came back spoilt, and `Unavailable` when the
        endpoint cannot be reached, does not answer in time, or says that it cannot now.
        """
        try:
            return await self.asked(permit, messages, tools)
        except NoAnswer as error:
            raise ended(error, what=self.where, permit=permit) from error

    async def asked(
        self,
        permit: Permit,
        messages: Sequence[BaseMessage],
        tools: Sequence[dict[str, Any]],
    ) -> AIMessage:
        """Return the model's message; raises `NoAnswer`."""
        question = Question(
            served=self.served,
            longest_answer=self.longest_answer,
            messages=messages,
            tools=tools,
            form=self.form,
            salt=self.salt(permit.tenant) if self.salt else "",
            streams=self.streams,
            strict=self.strict,
        )
        try:
            body = await self._body(permit, question)
        except openai.APIStatusError as error:
            # The server's own words are left out: they may hold what it was sent.
            raise _refusal(error.response) from error
        except NotSent as error:
            raise NoAnswer(why="away", detail=error.why, has_left=False) from error
        except openai.APIConnectionError as error:
            raise NoAnswer(why="away", detail="it cannot be reached") from error
        except Spoilt as error:
            raise NoAnswer(why=error.code, detail=error.why) from error
        except (openai.OpenAIError, ValueError, RecursionError) as error:
            raise malformed(f"no chat completion: {type(error).__name__}") from error
        return message_of(body, tools)

    async def _body(self, permit: Permit, question: Question) -> object:
        """Return the answer's JSON; raises what the SDK raises, and ValueError for no JSON."""
        total_s = min(self.bounds.total_s, permit.time_ms / 1000 * _SHARE)
        key = self.key.get_secret_value()
        way = bound_for(
            self.endpoint,
            headers=_head(key, total_s),
            bounds=replace(self.bounds, total_s=total_s),
            holder=Holder(tenant=permit.tenant, key=key),
        )
        with way:
            answer = await _sdk().post(
                "/chat/completions", cast_to=RESPONSE, body=question.written()
            )
        return joined(answer.content) if self.streams else json.loads(answer.content)


@cache
def _sdk() -> openai.AsyncOpenAI:
    """Return the SDK, whose address and key are nobody's: each call brings its own."""
    return openai.AsyncOpenAI(
        base_url=_NOWHERE,
        api_key="none",
        max_retries=0,
        timeout=None,  # the bounds limit the whole
        http_client=kept_client(),
    )


def _head(key: str, total_s: float) -> dict[str, str]:
    """Return the head of a request; a span that is open goes with it, as W3C writes one."""
    parent = telemetry.traceparent()
    return {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        DEADLINE: str(int(total_s * 1000)),
        **({"traceparent": parent} if parent else {}),
    }


def _refusal(response: Any) -> NoAnswer:
    status = response.status_code
    detail = f"it answered {status}"
    if status in _OVERLOADED:
        after = _seconds(response.headers.get("Retry-After", ""))
        return NoAnswer(why="overloaded", detail=detail, retry_after_s=after)
    if status in _AWAY:
        return NoAnswer(why="away", detail=detail)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return NoAnswer(why="broken", detail=detail)
    return NoAnswer(why="refused", detail=detail)


def _seconds(text: str) -> float | None:
    """Return the seconds of a Retry-After; a date, or no number at all, says nothing."""
    return float(text) if text.isascii() and text.isdecimal() else None
