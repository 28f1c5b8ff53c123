"""A pool over twins of vLLM that are processes of their own: started, asked, killed, hung, drained.

Everything but the model is real: the command line, the environment, HTTP, signals, files.
"""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Final

import pytest
from tests.serving.vllm.pools import asked, catalogue, free_ports, served, twin_of

from interlock.runtime.errors import BadInput
from interlock.serving.vllm import orders
from interlock.serving.vllm.catalogue import read as read_catalogue
from interlock.serving.vllm.inspection import inspected
from interlock.serving.vllm.pool import Pool
from interlock.tools.models.replicas import nearest


async def test_a_model_is_served_and_stopped(tmp_path: Path) -> None:
    """A replica starts slowly, is announced when it generates, answers, drains and is gone."""
    async with served(tmp_path, twin={"start_s": 0.3}) as world:
        await world.are("ready")
        (replica,) = world.replicas
        answer = await asked(replica, body={})
        told = await twin_of(replica)
        world.pool.stop()
        await world.are("stopped")

    assert answer.status == 200
    assert world.states() == ["starting", "ready", "draining", "stopped"]
    assert told["environment"]["VLLM_API_KEY"] == "s3cret"
    assert "s3cret" not in told["words"]
    with pytest.raises(ProcessLookupError):
        os.kill(told["pid"], 0)


async def test_a_draining_replica_ends_what_it_has_while_the_other_serves(
    tmp_path: Path,
) -> None:
    """An order to drain one of two loses no answer, and routers send to the other alone."""
    async with served(tmp_path, replicas=2) as world:
        await world.are("ready", "ready")
        first = world.replicas[0]
        under_way = asyncio.create_task(asked(first, body={"seconds": 1.5}))
        await asyncio.sleep(0.2)
        orders.give(world.home, "small", orders.Order(replica=0))
        await world.are("draining", "ready")
        routed = nearest(world.replicas, "document")
        is_answered = under_way.done()
        await world.are("stopped", "ready")
        answer = await under_way

    assert not is_answered
    assert answer.status == 200
    assert [replica.url for replica in routed] == [world.replicas[1].url]


async def test_a_killed_server_is_named_and_started_anew(tmp_path: Path) -> None:
    """A server that the kernel kills for its memory is told as such, and another one serves."""
    async with served(tmp_path) as world:
        await world.are("ready")
        os.kill((await twin_of(world.replicas[0]))["pid"], signal.SIGKILL)
        await world.until(lambda: world.states().count("ready") == 2)

    assert world.states()[:5] == ["starting", "ready", "down", "starting", "ready"]
    assert world.why("down").startswith("out_of_memory: ")


async def test_a_hung_server_is_told_by_its_probe(tmp_path: Path) -> None:
    """A server that accepts and never answers is ended; its good /health counts for nothing."""
    patience = {"probe_s": 0.3}
    async with served(tmp_path, twin={"hangs_after": 3}, patience=patience) as world:
        await world.until(lambda: "down" in world.states())

    assert world.why("down").startswith("hung: ")


async def test_a_slow_server_is_not_taken_for_a_hung_one(tmp_path: Path) -> None:
    """While its counters say that it works, a server whose answers come too late stays."""
    twin = {"slow_after": 3, "slow_s": 0.45}
    patience = {"probe_s": 0.3, "silent_probes": 4}
    async with served(tmp_path, twin=twin, patience=patience) as world:
        await world.are("ready")
        await asyncio.sleep(4)
        tokens = (await asked(world.replicas[0], path="/metrics", body=None)).body

    assert b"vllm:generation_tokens_total" in tokens
    assert world.states()[:2] == ["starting", "ready"]
    assert "down" not in world.states()


MEMORY: Final = "torch.OutOfMemoryError: CUDA out of memory. Tried"
CACHE: Final = "ValueError: No available memory for the cache blocks."
OPTION: Final = "api_server.py: error: unrecognized arguments: --x"
WEIGHTS: Final = "OSError: no file named model.safetensors"


@pytest.mark.parametrize(
    ("code", "line", "state", "why"),
    [
        (1, MEMORY, "down", "out_of_memory: torch"),
        (1, CACHE, "down", "out_of_memory: ValueError"),
        (-9, "loading weights", "down", "out_of_memory: killed"),
        (-11, "loading weights", "down", "killed: by SIGSEGV"),
        (3, "something else", "down", "broke: exit code 3: something else"),
        (2, OPTION, "failed", "bad_option: api"),
        (1, WEIGHTS, "failed", "no_weights: OSError"),
    ],
)
async def test_why_a_server_ended_is_told(
    tmp_path: Path, code: int, line: str, state: str, why: str
) -> None:
    """The exit code and the end of the log name the cause, for people and for programs."""
    async with served(tmp_path, twin={"dies": [code, line]}) as world:
        await world.until(lambda: state in world.states())

    assert world.why(state).startswith(why)


async def test_a_replica_that_breaks_too_often_has_failed(tmp_path: Path) -> None:
    """After its restarts nothing is started any more, and the pool ends."""
    async with served(tmp_path, twin={"dies": [1, "no"]}) as world:
        await world.are("failed")

    assert world.states() == ["starting", "down"] * 2 + ["starting", "failed"]


async def test_somebody_else_at_the_port_is_not_taken_for_the_server(
    tmp_path: Path,
) -> None:
    """Where a port is taken nothing is started there, and whoever answers is not announced."""
    completion = {"choices": [{"message": {}}], "usage": {"completion_tokens": 1}}
    body = json.dumps(completion).encode()

    async def impersonate(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readuntil(b"\r\n\r\n")
        length = f"Content-Length: {len(body)}\r\n\r\n".encode()
        writer.write(b"HTTP/1.1 200 OK\r\n" + length + body)
        await writer.drain()
        writer.close()

    port = free_ports(1)
    async with (
        await asyncio.start_server(impersonate, "127.0.0.1", port),
        served(tmp_path, port=port) as world,
    ):
        await world.are("failed")

    assert "ready" not in world.states()
    assert world.why("failed").startswith("port_taken: ")


async def test_a_program_that_is_none_fails_the_replica(tmp_path: Path) -> None:
    """Where no Python is, nothing is tried again."""
    async with served(tmp_path, python="/no/such/python") as world:
        await world.are("failed")

    assert world.why("failed").startswith("no_program: ")


async def test_a_model_is_served_once_for_a_home(tmp_path: Path) -> None:
    """A second process that would serve the model is refused, and the first one goes on."""
    async with served(tmp_path) as world:
        await world.are("ready")
        model = read_catalogue(tmp_path / "models.yaml").models["small"]
        second = Pool("small", model, home=world.home, told=lambda *_: None)
        with pytest.raises(BadInput, match="another process serves it") as refusal:
            await second.serve()
        assert orders.is_served(world.home, "small")
        assert world.states() == ["starting", "ready"]

    assert refusal.value.code == "in_use"
    assert not orders.is_served(world.home, "small")


async def test_an_order_to_somebody_before_is_not_obeyed(tmp_path: Path) -> None:
    """What was ordered before a pool serves does not end it."""
    orders.give(tmp_path / "home", "small", orders.Order())
    async with served(tmp_path) as world:
        await world.are("ready")
        await asyncio.sleep(0.7)

    assert world.states()[:2] == ["starting", "ready"]
    assert "draining" not in world.states()


async def test_a_model_that_can_be_served_has_a_version(tmp_path: Path) -> None:
    """A look at the catalogue finds the package of vLLM in the model's environment."""
    file = catalogue(tmp_path, twin={})
    found = await inspected(read_catalogue(file), file)

    assert found.versions == {"small": "vllm of unknown version"}
    assert found.problems == ()


async def test_what_cannot_be_served_is_found_beforehand(tmp_path: Path) -> None:
    """A look at the catalogue finds weights, keys and a vLLM that are not there."""
    file = catalogue(tmp_path, twin={}, environment={}, weights="elsewhere")
    (tmp_path / "key").write_text("")
    found = await inspected(read_catalogue(file), file)

    assert found.versions == {}
    assert len(found.problems) == 3
    for why in ("elsewhere is not there", "has no vLLM", "holds no key"):
        assert any(why in problem for problem in found.problems)
