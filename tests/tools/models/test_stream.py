"""A streamed answer is the same answer: whole, bounded, with its usage, or none at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.tools.models.asking import LONGEST, asked, endpoint, offered

from interlock.runtime.door.outcome import Done, Failed, Outcome
from interlock.runtime.errors import Unavailable
from interlock.runtime.testing import World
from interlock.testing import ModelServer, Turn, calls, cut_off, hangs, says
from interlock.tools.models.generate import Served, model_tools
from interlock.tools.models.no_answer import NoAnswer
from interlock.tools.models.stream import joined
from interlock.tools.outbound.client import Bounds

NOTE = offered("note.now", text={"type": "string"})


async def streamed(
    folder: Path, turn: Turn, *, bounds: Bounds | None = None, streams: bool = True
) -> tuple[Outcome, ModelServer]:
    """Ask once, piece by piece."""
    async with ModelServer([turn]) as server:
        more = {"bounds": bounds} if bounds else {}
        model = endpoint(server.url, streams=streams, **more)
        served = Served(model=model, longest_answer=LONGEST)
        async with World(folder, tools=model_tools({"planner": served})) as world:
            run = await world.start()
            outcome = await world.pep.enforce(
                run, tool="model.generate", arguments=asked(tools=[NOTE]), call_id="1"
            )
    return outcome, server


@pytest.mark.parametrize(
    "turn",
    [says("A sentence of more than one piece."), calls("note.now", {"text": "x" * 50})],
    ids=["text", "a call"],
)
async def test_a_stream_says_what_the_whole_says(tmp_path: Path, turn: Turn) -> None:
    """The message and the usage of a stream are those of the same answer given at once."""
    pieces, server = await streamed(tmp_path / "pieces", turn)
    whole, _ = await streamed(tmp_path / "whole", turn, streams=False)

    assert isinstance(pieces, Done)
    assert isinstance(whole, Done)
    assert pieces.value == whole.value
    assert server.asked[0].body["stream_options"] == {"include_usage": True}


async def test_half_a_stream_is_no_answer(tmp_path: Path) -> None:
    """A stream that breaks off is a failure, whatever it had said by then."""
    turn = cut_off(says("A sentence of more than one piece."), after=400)
    with pytest.raises(Unavailable) as raised:
        await streamed(tmp_path, turn)

    assert "broke" in raised.value.why


async def test_silence_is_noticed_before_the_whole_time_is_over(tmp_path: Path) -> None:
    """A server that gives no first byte is given up long before an answer would be late."""
    with pytest.raises(Unavailable) as raised:
        await streamed(tmp_path, hangs(), bounds=Bounds(total_s=30.0, first_s=0.1))

    assert "first byte" in raised.value.why


async def test_a_stream_beyond_its_bound_is_broken_off(tmp_path: Path) -> None:
    """A model that does not stop is given up at the bound, and no part of its answer is taken."""
    outcome, _ = await streamed(
        tmp_path, says("x" * 100_000), bounds=Bounds(most_bytes=20_000, total_s=5.0)
    )

    assert isinstance(outcome, Failed)
    assert outcome.code == "model_too_large"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"data: [DON",
        b'data: {"choices": [{"index": 0, "delta": {"content": "half"}}]}\n\n',
        b"data: <html>\n\ndata: [DONE]\n\n",
        b"data: []\n\ndata: [DONE]\n\n",
        b'data: {"choices": [{"delta": {"tool_calls": [{}]}}]}\n\ndata: [DONE]\n\n',
    ],
)
def test_a_body_that_is_no_stream_is_malformed(body: bytes) -> None:
    """Whatever is no whole stream is no answer, with one code."""
    with pytest.raises(NoAnswer) as raised:
        joined(body)

    assert raised.value.code == "model_malformed"


def test_a_stream_without_a_reason_to_stop_has_none() -> None:
    """A stream that ends without saying why the model stopped does not say that it is whole."""
    piece: Any = {"choices": [{"index": 0, "delta": {"content": "half"}}]}
    body = f"data: {json.dumps(piece)}\n\ndata: [DONE]\n\n".encode()

    assert joined(body)["choices"][0]["finish_reason"] is None
