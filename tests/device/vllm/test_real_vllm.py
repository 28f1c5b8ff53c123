"""What Interlock rests on at vLLM, asked of vLLM itself with a real model.

The model is small and knows little, so no test is about what it says, only about the form.
"""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any, Final

import pytest
from tests.device.vllm.served import ENDS_WITHIN_S, KEY, NAME, PORT, Served

from interlock.serving.vllm.probe import VllmProbe
from interlock.tools.contracts.finder import ConfinedFinder
from interlock.tools.documents import DocumentReader
from interlock.tools.outbound.destination import Destination

CONTRACT: Final = (
    Path(__file__).parents[3]
    / "evals"
    / "data"
    / "contracts"
    / "reeds-development-agreement.pdf"
)
VERDICT: Final = {
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
CLAUSE: Final = {
    "type": "object",
    "properties": {
        "contract": {"type": "string", "enum": ["C-17", "C-18"]},
        "page": {"type": "integer", "minimum": 1, "maximum": 9},
    },
    "required": ["contract", "page"],
    "additionalProperties": False,
}
#: So long that several blocks of it are cached
PREFIX: Final = "This agreement is made between the parties. " * 60
#: The most that questions over one contract may compute, in times of reading it once
PREFILLS: Final = 1.5


async def test_the_replica_was_announced_by_a_generation(served: Served) -> None:
    """The probe generates with the key, and no server without the key is asked for anything."""
    server = Destination.parse(f"http://127.0.0.1:{PORT}", reach="any")
    probe = VllmProbe(server=server, model=NAME, key=KEY, patience_s=120)
    stranger = VllmProbe(server=server, model=NAME, key="", patience_s=120)

    assert served.replica.state == "ready"
    assert await probe.health() == "answers"
    assert await probe.under_way() == 0
    assert await stranger.health() == "silent"


async def test_the_probe_sees_work_by_the_names_that_vllm_counts_under(
    served: Served,
) -> None:
    """Running requests and computed tokens are counted where the probe looks."""
    before = await served.counters()
    asking = asyncio.create_task(
        served.chat("Tell a story.", max_tokens=60, ignore_eos=True)
    )
    seen = 0.0
    while not asking.done():
        counters = await served.counters()
        seen = max(seen, counters["vllm:num_requests_running"])
        await asyncio.sleep(0.2)
    await asking
    after = await served.counters()

    assert seen == 1
    assert after["vllm:generation_tokens"] - before["vllm:generation_tokens"] == 60


async def test_an_answer_has_the_form_of_its_schema(served: Served) -> None:
    """With a JSON schema the server lets the model say nothing else."""
    form = {"name": "verdict", "strict": True, "schema": VERDICT}
    told = await served.chat(
        "Is Paris in France?",
        response_format={"type": "json_schema", "json_schema": form},
    )
    answer = json.loads(told["choices"][0]["message"]["content"])

    assert set(answer) == {"answer"}
    assert answer["answer"] in {"yes", "no"}


@pytest.mark.parametrize("choice", ["required", "named"])
async def test_the_arguments_of_a_strict_tool_fit_its_schema(
    served: Served, choice: str
) -> None:
    """A call that is asked for has arguments of the tool's form, whatever the model would say."""
    function = {"name": "open_clause", "strict": True, "parameters": CLAUSE}
    named = {"type": "function", "function": {"name": "open_clause"}}
    told = await served.chat(
        "Open the insurance clause of contract C-17.",
        tools=[{"type": "function", "function": function}],
        tool_choice=named if choice == "named" else choice,
        max_tokens=60,
    )
    (call,) = told["choices"][0]["message"]["tool_calls"]
    arguments = json.loads(call["function"]["arguments"])

    assert call["function"]["name"] == "open_clause"
    assert set(arguments) == {"contract", "page"}
    assert arguments["contract"] in {"C-17", "C-18"}
    assert 1 <= arguments["page"] <= 9


async def test_a_stream_ends_with_its_usage(served: Served) -> None:
    """The last part of a stream has no choice and the tokens, so a stream is accounted, too."""
    question = {
        "model": NAME,
        "messages": [{"role": "user", "content": "Count to five."}],
        "max_tokens": 8,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    answer = await served.raw("/v1/chat/completions", question)
    lines = [line for line in answer.body.decode().splitlines() if line]
    *_, last = [json.loads(line[6:]) for line in lines[:-1]]

    assert lines[-1] == "data: [DONE]"
    assert last["choices"] == []
    assert last["usage"]["prompt_tokens"] > 0
    assert 1 <= last["usage"]["completion_tokens"] <= 8


async def _cached(served: Served, text: str, **more: Any) -> int:
    told = await served.chat(text, max_tokens=1, **more)
    return int(told["usage"]["prompt_tokens_details"]["cached_tokens"])


async def test_a_salt_keeps_tenants_apart_in_the_prefix_cache(served: Served) -> None:
    """With a salt for each tenant a text that one has sent is cached for that one alone; without
    one, as the last pair shows, the second tenant finds what the first has sent.
    """
    one, other = "a" * 43, "b" * 43
    first = await _cached(served, PREFIX, cache_salt=one)
    again = await _cached(served, PREFIX, cache_salt=one)
    stranger = await _cached(served, PREFIX, cache_salt=other)
    bare = await _cached(served, PREFIX)
    shared = await _cached(served, PREFIX)

    assert (first, stranger, bare) == (0, 0, 0)
    assert again > 0
    assert shared == again


async def test_many_questions_over_one_contract_read_it_once(served: Served) -> None:
    """41 questions, the contract first and the question last, compute 1.5 prefills at most by the
    counters of vLLM.
    """
    document = await DocumentReader().read(CONTRACT)
    finder = ConfinedFinder.shipped()
    asked = finder.categories
    before = await served.counters()
    longest = 0
    for clause in asked:
        text = f"{document.text}\n\nDoes the contract have a clause on {clause}?"
        told = await served.chat(text, max_tokens=1, cache_salt="c" * 43)
        longest = max(longest, told["usage"]["prompt_tokens"])
    after = await served.counters()
    spent = {name: after[name] - before[name] for name in after}
    sent = spent["vllm:prompt_tokens"]
    computed = sent - spent["vllm:prefix_cache_hits"]

    assert len(asked) == 41
    assert computed / longest <= PREFILLS, (sent, computed, longest)


async def test_a_signal_drains_the_replica_before_vllm_hears_of_it(
    served: Served,
) -> None:
    """An answer under way is whole, the router has the replica as draining meanwhile, and nothing
    is left of the server.
    """
    asking = asyncio.create_task(
        served.chat("Tell a story.", max_tokens=120, ignore_eos=True)
    )
    while not (await served.counters())["vllm:num_requests_running"]:  # noqa: ASYNC110 - another process counts
        await asyncio.sleep(0.1)
    served.process.send_signal(signal.SIGTERM)
    seen = set()
    while not asking.done():
        seen.add(served.replica.state)
        await asyncio.sleep(0.1)
    told = await asking
    code = await asyncio.to_thread(served.process.wait, ENDS_WITHIN_S)

    assert told["usage"]["completion_tokens"] == 120
    assert "draining" in seen
    assert code == 0
    assert served.replica.state == "stopped"
