"""The model tool: one alias, one model, and never less reserved than used."""

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    message_to_dict,
)
from langchain_core.outputs import ChatGeneration, ChatResult
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from interlock.runtime.door.outcome import Done, Failed
from interlock.runtime.door.target import Caller
from interlock.runtime.policy.label import Label
from interlock.runtime.telemetry import Telemetry
from interlock.runtime.testing import World
from interlock.tools.models.generate import Generate, Generation, Served, model_tools

PRICE = 3_000_000
CALLER = Caller(
    run_id="run",
    tenant="default",
    agent="test",
    label=Label(integrity="trusted", confidentiality="public"),
    pins={},
)
LONGEST = 4_000  # tokens of an answer


class Echo(BaseChatModel):
    """A model that answers with what it was asked, and says what that used."""

    usage: Any = None

    @property
    def _llm_type(self) -> str:
        return "echo"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        answer = AIMessage(content=messages[-1].content, usage_metadata=self.usage)
        return ChatResult(generations=[ChatGeneration(message=answer)])


def asked(
    model: str = "echo", text: str = "What is the governing law?"
) -> dict[str, str]:
    return {
        "model": model,
        "purpose": "test",
        "messages": json.dumps([message_to_dict(HumanMessage(content=text))]),
    }


async def generated(
    folder: Path, served: Served, arguments: dict[str, str]
) -> tuple[Any, Any]:
    """Generate through the door and return the outcome and what the run has spent."""
    async with World(folder, tools=model_tools({"echo": served})) as world:
        run = await world.start()
        outcome = await world.pep.enforce(
            run, tool="model.generate", arguments=arguments, call_id="1"
        )
        return outcome, (await world.budget(run)).spent


async def test_an_alias_that_is_not_there_fails(tmp_path: Path) -> None:
    """An unknown alias is a failure that names those there are; nothing answers in its place."""
    outcome, spent = await generated(
        tmp_path, Served(model=Echo(), longest_answer=10), asked(model="gpt")
    )

    assert isinstance(outcome, Failed)
    assert (outcome.code, spent.tokens) == ("unknown_model", 0)
    assert "'gpt'" in outcome.detail
    assert "'echo'" in outcome.detail


async def test_the_model_answers(tmp_path: Path) -> None:
    """The named model's message comes back, and what it used is spent, money included."""
    usage = {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12}
    served = Served(model=Echo(usage=usage), longest_answer=10, micro_per_million=PRICE)
    outcome, spent = await generated(tmp_path, served, asked())

    assert isinstance(outcome, Done)
    assert isinstance(outcome.value, Generation)
    assert json.loads(outcome.value.message)["content"] == "What is the governing law?"
    assert (spent.tokens, spent.money_micro, spent.steps) == (
        12,
        12 * PRICE // 1_000_000,
        1,
    )


async def test_what_the_server_knew_has_a_price_of_its_own(tmp_path: Path) -> None:
    """Tokens of its prefix cache cost what the settings say, and the spans tell them apart."""
    usage = {
        "input_tokens": 10,
        "output_tokens": 5,
        "total_tokens": 15,
        "input_token_details": {"cache_read": 8},
    }
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    served = Served(
        model=Echo(usage=usage),
        longest_answer=10,
        micro_per_million=2_000_000,
        known_micro_per_million=500_000,
    )
    tools = model_tools({"echo": served})
    async with World(tmp_path, tools=tools, spans=Telemetry(provider)) as world:
        run = await world.start()
        await world.pep.enforce(
            run, tool="model.generate", arguments=asked(), call_id="1"
        )
        spent = (await world.budget(run)).spent
    provider.shutdown()
    told = [dict(span.attributes or {}) for span in spans.get_finished_spans()]
    (used,) = [span for span in told if "gen_ai.usage.input_tokens" in span]

    assert spent.money_micro == 7 * 2 + 8 // 2
    assert used["gen_ai.usage.input_tokens"] == 10
    assert used["gen_ai.usage.cache_read.input_tokens"] == 8
    assert used["gen_ai.usage.output_tokens"] == 5
    assert used["gen_ai.request.model"] == "echo"


@pytest.mark.parametrize("length", [0, 1, 100, 10_000])
@pytest.mark.parametrize("counted", [True, False])
async def test_as_much_is_reserved_as_is_used(
    tmp_path: Path, length: int, counted: bool
) -> None:
    """For an answer within the model's limit the estimate is never below the actual cost, whoever
    counts the tokens.
    """
    words = length // 4  # English text has about four characters a token
    usage = (
        {
            "input_tokens": words,
            "output_tokens": LONGEST,
            "total_tokens": words + LONGEST,
        }
        if counted
        else None
    )
    served = Served(
        model=Echo(usage=usage), longest_answer=LONGEST, micro_per_million=PRICE
    )
    (generate,) = model_tools({"echo": served})
    arguments = asked(text="word" * words)
    outcome, _ = await generated(tmp_path, served, arguments)
    reserved = generate.aimed(Generate.model_validate(arguments), CALLER).cost

    assert isinstance(outcome, Done)
    assert generate.actual is not None
    actual = generate.actual(outcome.value)
    assert reserved.tokens >= actual.tokens
    assert reserved.money_micro >= actual.money_micro


SEEN: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
FETCHED: Any = {"type": "image_url", "image_url": {"url": "https://evil.test/?d=4711"}}


@pytest.mark.parametrize(
    ("part", "takes"),
    [
        (FETCHED, frozenset()),
        (SEEN, frozenset()),
        (SEEN, frozenset({"file"})),
        (FETCHED, frozenset({"image_url"})),
        (SEEN | {"url": "https://evil.test/"}, frozenset({"image_url"})),
        ({"type": "image_url", "image_url": "//evil.test"}, frozenset({"image_url"})),
        ({"type": "image", "url": "https://evil.test/"}, frozenset({"image_url"})),
        (
            {"type": "file", "file": {"file_url": "https://evil.test/"}},
            frozenset({"file"}),
        ),
        ({"type": "text", "text": "a", "image_url": "https://evil.test/"}, frozenset()),
        ({"text": "a"}, frozenset()),
    ],
)
async def test_a_model_is_sent_no_part_that_it_is_not_declared_to_take(
    tmp_path: Path, part: Any, takes: frozenset[Any]
) -> None:
    """Text goes to every model; a picture only to one that takes pictures, and never by its URL,
    which a server would ask for.
    """
    served = Served(model=Echo(), longest_answer=10, takes=takes)
    parts: Any = [{"type": "text", "text": "Describe."}, part]
    outcome, spent = await generated(tmp_path, served, asked(text=parts))

    assert isinstance(outcome, Failed)
    assert (outcome.code, outcome.detail, spent.tokens) == ("model_parts", "", 0)


async def test_a_model_that_takes_pictures_is_sent_one(tmp_path: Path) -> None:
    """A declared part reaches the model, and so does text in parts."""
    served = Served(model=Echo(), longest_answer=10, takes=frozenset({"image_url"}))
    parts: Any = ["Look.", {"type": "text", "text": "Describe."}, SEEN]
    outcome, _ = await generated(tmp_path, served, asked(text=parts))

    assert isinstance(outcome, Done)
