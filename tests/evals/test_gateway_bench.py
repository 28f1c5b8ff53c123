"""The benchmark of the gateway measures governed calls that are recorded, beside direct ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from interlock.evals.gateway.callers import Direct, Governed, Target, of_length
from interlock.evals.gateway.measuring import Load, gateway, serving_at_once, throughput
from interlock.runtime.errors import GuardFailed
from interlock.testing import ModelServer, says

LOAD = Load(requests=20, per_s=200, rounds=1, runs=4)


def test_each_governed_call_is_recorded_and_paid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both kinds are measured in one run, and the record has an intent, an outcome and the tokens
    of each governed call; nothing is left behind.
    """
    monkeypatch.chdir(tmp_path)
    found = gateway(LOAD)

    calls = 2 * LOAD.requests  # one round to warm up, one that is measured
    assert found["recorded"]["calls"] == calls
    assert found["recorded"]["intents"] == calls
    assert found["recorded"]["outcomes"] == calls
    assert found["recorded"]["tokens"] == calls * 401
    for kind in ("direct", "governed"):
        assert 0 < found[kind]["p50_ms"] <= found[kind]["p99_ms"]
        assert found[kind]["cpu_ms"] > 0
    assert set(found["added"]) == {"p50_ms", "p99_ms", "cpu_ms"}
    assert list(tmp_path.iterdir()) == []


def test_throughput_is_a_ratio_to_direct_calls_of_the_same_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Governed requests a second stand between two measurements of direct ones."""
    monkeypatch.chdir(tmp_path)
    with serving_at_once() as url:
        target = Target(url=url, name="bench", key="none", tokens=4)
        found = throughput(target=target, requests=20, clients=2, rounds=1)

    assert found["ratio"] == pytest.approx(
        found["per_s"]["governed"] / found["per_s"]["direct"], abs=0.01
    )


async def test_a_real_model_is_asked_for_an_answer_that_ends_by_itself(
    tmp_path: Path,
) -> None:
    """An application and a run ask a real server for the same form, of a length that is known."""
    form = of_length(48)
    async with ModelServer([says(json.dumps("y" * 48))]) as server:
        target = Target(url=server.url, name="m", key="none", tokens=50, form=form)
        async with Direct(target) as direct, Governed(target, tmp_path, runs=1) as run:
            await direct.ask(0)
            await run.ask(0)

    asked, governed = [request.body["response_format"] for request in server.asked]
    assert asked == governed
    assert asked["json_schema"]["schema"] == form


async def test_calls_that_were_not_recorded_are_no_figures(tmp_path: Path) -> None:
    """Where the record has fewer calls than were made, the benchmark fails."""
    with serving_at_once() as url:
        target = Target(url=url, name="bench", key="none", tokens=4)
        async with Governed(target, tmp_path, runs=1) as governed:
            await governed.ask(0)
            assert (await governed.recorded())["calls"] == 1
            governed.calls += 1
            with pytest.raises(GuardFailed, match="2 calls"):
                await governed.recorded()


def test_a_real_server_is_named_with_its_model(tmp_path: Path, programs: Any) -> None:
    """A URL without the name of a model is refused."""
    command = ("interlock", "bench", "gateway", "--json")
    ended = programs.run(*command, "--url", "http://127.0.0.1:1/v1", folder=tmp_path)

    assert ended.returncode == 2
    assert "--name" in json.loads(ended.stderr)["error"]["message"]
