"""A served model: what it is sent and what is made of its answers, against an endpoint on the
loopback.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    ToolMessage,
    message_to_dict,
)
from pydantic import SecretStr

from interlock.runtime.door.outcome import Done, Failed, Outcome
from interlock.runtime.errors import Unavailable
from interlock.runtime.testing import World
from interlock.tools.models import openai
from interlock.tools.models.generate import Generation, Served, model_tools
from interlock.tools.models.openai import BOUNDS, EndpointModel
from interlock.tools.outbound.client import Bounds
from interlock.tools.outbound.destination import Destination


def offered(name: str) -> dict[str, Any]:
    """Return the schema of a tool."""
    function = {
        "name": name,
        "description": name,
        "parameters": {"type": "object"},
    }
    return {"type": "function", "function": function}


#: A model picks a tool by its name, so each name has one way back
OFFERED = [offered("mail.send"), offered("mcp.notes.add_all")]


@dataclass(kw_only=True)
class Twin:
    """An endpoint that gives the same answer to everything, and remembers what it was asked."""

    answer: Any
    status: int = 200
    delay_s: float = 0
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    heads: list[dict[str, str]] = field(default_factory=list)

    async def respond(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        self.keys.append(request.headers["Authorization"])
        self.heads.append(dict(request.headers))
        await asyncio.sleep(self.delay_s)
        body = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
        headers = {"Location": "/v1/chat/completions"} if self.status == 307 else {}
        return web.Response(
            text=body,
            status=self.status,
            content_type="application/json",
            headers=headers,
        )

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self.respond)
        runner = web.AppRunner(application)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        finally:
            await runner.cleanup()


def completion(message: dict[str, Any], *, finish: str = "stop") -> dict[str, Any]:
    """Return an answer as the API gives it."""
    choice = {
        "index": 0,
        "finish_reason": finish,
        "message": {"role": "assistant", "content": None} | message,
    }
    used = {"prompt_tokens": 111, "completion_tokens": 14, "total_tokens": 125}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": used,
    }


def called(arguments: str, name: str = "mail__send") -> dict[str, Any]:
    """Return a message that calls one tool."""
    return {
        "tool_calls": [
            {
                "id": "t1",
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            }
        ]
    }


async def generated(
    folder: Path, url: str, *messages: BaseMessage, bounds: Bounds = BOUNDS
) -> tuple[Outcome, Any]:
    """Ask the endpoint through the door; return what came of it and what was spent."""
    model = EndpointModel(
        endpoint=Destination.parse(url, reach="any"),
        served="m",
        key=SecretStr("s3cret"),
        longest_answer=100,
        bounds=bounds,
    )
    served = Served(model=model, longest_answer=100, micro_per_million=1_000_000)
    asked = {
        "model": "planner",
        "purpose": "test",
        "tools": json.dumps(OFFERED),
        "messages": json.dumps(
            [
                message_to_dict(each)
                for each in messages or (HumanMessage(content="Plan."),)
            ]
        ),
    }
    async with World(folder, tools=model_tools({"planner": served})) as world:
        run = await world.start()
        outcome = await world.pep.enforce(
            run, tool="model.generate", arguments=asked, call_id="1"
        )
        return outcome, (await world.budget(run)).spent


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("mail__send", "mail.send"),
        ("mcp__notes__add_all", "mcp.notes.add_all"),
        ("mcp__notes__other", "mcp__notes__other"),
    ],
)
async def test_a_plan_comes_back_as_tool_calls(
    tmp_path: Path, name: str, ours: str
) -> None:
    """The endpoint's call of a tool becomes a call of ours, and its tokens are what is spent."""
    message = called('{"to":["a@example.com"]}', name)
    twin = Twin(answer=completion(message, finish="tool_calls"))
    async with twin.served() as url:
        outcome, spent = await generated(tmp_path, url)

    assert isinstance(outcome, Done)
    assert isinstance(outcome.value, Generation)
    (call,) = json.loads(outcome.value.message)["tool_calls"]
    assert (call["name"], call["args"], call["id"]) == (
        ours,
        {"to": ["a@example.com"]},
        "t1",
    )
    assert (spent.tokens, spent.money_micro) == (125, 125)


async def test_the_endpoint_is_asked_as_the_api_wants(tmp_path: Path) -> None:
    """Tools go under names that the API allows, earlier calls and their results with them, and the
    key as a bearer token.
    """
    twin = Twin(answer=completion({"content": "Done."}))
    before = AIMessage(
        content="",
        tool_calls=[
            {"name": "mail.send", "args": {"to": []}, "id": "t1", "type": "tool_call"}
        ],
    )
    refused = ToolMessage(
        content="Denied", tool_call_id="t1", name="mail.send", status="error"
    )
    async with twin.served() as url:
        outcome, _ = await generated(
            tmp_path, url, HumanMessage(content="Plan."), before, refused
        )

    assert isinstance(outcome, Done)
    (asked,) = twin.asked
    assert asked["tools"][0]["function"]["name"] == "mail__send"
    assert [each["role"] for each in asked["messages"]] == ["user", "assistant", "tool"]
    assert asked["messages"][1]["tool_calls"][0]["function"]["name"] == "mail__send"
    assert asked["messages"][2]["tool_call_id"] == "t1"
    assert (asked["model"], asked["max_completion_tokens"], asked["temperature"]) == (
        "m",
        100,
        0,
    )
    assert twin.keys == ["Bearer s3cret"]


BAD: dict[str, tuple[Any, int, str]] = {
    "refused": ({"error": {"message": "no such model"}}, 404, "model_refused"),
    "wrong key": ({"error": {"message": "bad key s3cret"}}, 401, "model_refused"),
    "broken": ({"error": {"message": "oops"}}, 500, "model_broken"),
    "elsewhere": ("", 307, "model_redirected"),
    "too large": (
        completion({"content": "x" * BOUNDS.most_bytes}),
        200,
        "model_too_large",
    ),
    "no JSON": ("<html>", 200, "model_malformed"),
    "an empty object": ({}, 200, "model_malformed"),
    "a list": ([], 200, "model_malformed"),
    "no choices": (completion({}) | {"choices": []}, 200, "model_malformed"),
    "cut off": (completion(called('{"to":'), finish="length"), 200, "model_malformed"),
    "filtered": (
        completion({"content": "x"}, finish="content_filter"),
        200,
        "model_malformed",
    ),
    "arguments that are no JSON": (
        completion(called('{"to":'), finish="tool_calls"),
        200,
        "model_unfit",
    ),
    "arguments that are no object": (
        completion(called("[]"), finish="tool_calls"),
        200,
        "model_unfit",
    ),
    "a call without a function": (
        completion({"tool_calls": [{"id": "t", "type": "function"}]}),
        200,
        "model_malformed",
    ),
    "arguments without a floor": (
        completion(called('{"a":' + "[" * 20_000), finish="tool_calls"),
        200,
        "model_unfit",
    ),
}


@pytest.mark.parametrize("how", BAD)
async def test_what_is_no_whole_answer_is_a_failure(tmp_path: Path, how: str) -> None:
    """A refusal, a cut-off answer or one of another shape is a typed failure that repeats no word
    of it; it spends nothing where the server has not worked, and else what was set aside.
    """
    answer, status, code = BAD[how]
    twin = Twin(answer=answer, status=status)
    async with twin.served() as url:
        outcome, spent = await generated(tmp_path, url)

    assert isinstance(outcome, Failed)
    assert outcome.code == code
    assert "s3cret" not in outcome.detail
    assert len(twin.asked) == 1
    is_free = code in {"model_refused", "model_redirected"}
    assert (spent.tokens == 0) == is_free
    assert (spent.money_micro == 0) == is_free


@pytest.mark.parametrize(
    ("status", "times"), [(408, 1), (429, 2), (502, 1), (503, 2), (504, 1)]
)
async def test_an_endpoint_that_cannot_now_holds_the_run(
    tmp_path: Path, status: int, times: int
) -> None:
    """An endpoint that says "not now" is asked again only where it says that it is full, and is no
    failure of the tool: the run is held, naming the endpoint.
    """
    twin = Twin(answer={"error": {"message": "slow down s3cret"}}, status=status)
    async with twin.served() as url:
        with pytest.raises(Unavailable) as raised:
            await generated(tmp_path, url)

    assert len(twin.asked) == times
    assert url in str(raised.value)
    assert "s3cret" not in str(raised.value)


async def test_no_variable_of_the_sdk_is_obeyed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question goes to the endpoint of the settings with the key of the settings, and says
    nothing else about whoever asks.
    """
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "another")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer another\nX-A: b")
    openai._sdk.cache_clear()  # noqa: SLF001 - the SDK reads its variables when it is made
    twin = Twin(answer=completion({"content": "no"}))
    async with twin.served() as url:
        outcome, _ = await generated(tmp_path, url, HumanMessage("hello"))
    openai._sdk.cache_clear()  # noqa: SLF001 - no other test has these variables

    assert isinstance(outcome, Done)
    assert twin.keys == ["Bearer s3cret"]
    assert {name.lower() for name in twin.heads[0]} == {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-deadline-ms",
    }


async def test_an_endpoint_that_is_away_or_hangs_is_unavailable(tmp_path: Path) -> None:
    """Nobody there and no answer in time are no failures of the tool either."""
    async with Twin(answer="", delay_s=0.5).served() as url:
        with pytest.raises(Unavailable) as hung:
            await generated(tmp_path / "hung", url, bounds=Bounds(total_s=0.05))
    with pytest.raises(Unavailable) as away:
        await generated(tmp_path / "away", url)

    assert hung.value.why != away.value.why
    assert hung.value.what == away.value.what == f"model endpoint {url}"
