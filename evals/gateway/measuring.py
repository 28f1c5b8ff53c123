"""What the door costs a call of a model: paired with direct calls to the same server in one run.

A direct call is what an application without rails does: the `openai` client, its connections kept.
A governed call is decided, its budget is reserved and settled, and its intent is durable before the
server is asked and its outcome recorded after.
"""

import asyncio
import gc
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias

from interlock.evals.gateway.callers import Direct, Governed, Target

_PERCENT: Final = 100
_MS: Final = 1_000
#: Asks once, as the request of that number
Ask: TypeAlias = Callable[[int], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """How the server is asked."""

    #: Requests of a round, and how many of them begin a second
    requests: int
    per_s: float
    rounds: int
    #: Runs that the requests are spread over, as the calls of one run take turns
    runs: int


def gateway(load: Load, *, target: Target | None = None) -> dict[str, Any]:
    """Return latency at a fixed rate, direct and governed, and the processor time of both.

    Without a *target* the server is one that answers at once. The rounds take turns, so the load of
    the machine falls on both alike.
    """
    with TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as place:
        if target is not None:
            return asyncio.run(_measured(Path(place), load, target))
        with serving_at_once() as url:
            twin = Target(url=url, name="bench", key="none", tokens=16)
            return asyncio.run(_measured(Path(place), load, twin))


def throughput(
    *, target: Target, requests: int, clients: int, rounds: int
) -> dict[str, Any]:
    """Return the requests a second of so many clients at once, direct and governed."""
    with TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as place:
        return asyncio.run(
            _through(
                Path(place),
                target,
                requests=requests,
                clients=clients,
                rounds=rounds,
            )
        )


@contextmanager
def serving_at_once() -> Iterator[str]:
    """Yield the base of the API of a server that answers at once, a process of its own."""
    command = [sys.executable, "-m", "interlock.evals.gateway.server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own module
        try:
            printed = process.stdout.readline() if process.stdout else ""
            yield f"http://127.0.0.1:{printed.strip()}/v1"
        finally:
            process.kill()


async def _measured(folder: Path, load: Load, target: Target) -> dict[str, Any]:
    async with (
        Direct(target) as direct,
        Governed(target, folder, runs=load.runs) as governed,
    ):
        asks: dict[str, Ask] = {"direct": direct.ask, "governed": governed.ask}
        for ask in asks.values():
            await _round(ask, load)  # what is made at the first requests
        rows: dict[str, list[dict[str, float]]] = {name: [] for name in asks}
        with _settled():
            for _ in range(load.rounds):
                for name, ask in asks.items():
                    rows[name].append(await _round(ask, load))
        recorded = await governed.recorded()
    return {
        "requests": load.requests,
        "per_s": load.per_s,
        "rounds": load.rounds,
        "runs": load.runs,
        **{name: _middle(of_name) for name, of_name in rows.items()},
        "added": _added(rows),
        "recorded": recorded,
        "load_average": os.getloadavg()[0],
    }


@contextmanager
def _settled() -> Iterator[None]:
    """Look no more through what was begun with while the block runs, as a worker of the product.

    Else a collection of garbage holds up calls of both kinds for some hundred milliseconds.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _added(rows: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, float]:
    """Return what a governed round has more than the direct one beside it, in the middle."""
    pairs = list(zip(rows["direct"], rows["governed"], strict=True))
    return {
        name: round(median(ours[name] - theirs[name] for theirs, ours in pairs), 2)
        for name in ("p50_ms", "p99_ms", "cpu_ms")
    }


async def _round(ask: Ask, load: Load) -> dict[str, float]:
    """Return latency and processor time of one round; each request begins when it is due."""
    taken_ms: list[float] = []
    began = time.perf_counter()
    processor = time.process_time()

    async def one(number: int) -> None:
        due = began + number / load.per_s
        await asyncio.sleep(due - time.perf_counter())
        await ask(number)
        taken_ms.append((time.perf_counter() - due) * _MS)

    await asyncio.gather(*(one(number) for number in range(load.requests)))
    cuts = quantiles(taken_ms, n=_PERCENT)
    return {
        "p50_ms": round(median(taken_ms), 2),
        "p99_ms": round(cuts[-1], 2),
        "cpu_ms": round(
            _MS * (time.process_time() - processor) / load.requests,
            3,
        ),
    }


async def _through(
    folder: Path, target: Target, *, requests: int, clients: int, rounds: int
) -> dict[str, Any]:
    async with (
        Direct(target) as direct,
        Governed(target, folder, runs=clients) as governed,
    ):
        rates = []
        for _ in range(rounds):
            before = await _rate(direct.ask, requests, clients)
            ours = await _rate(governed.ask, requests, clients)
            after = await _rate(direct.ask, requests, clients)
            # The machine may grow slower or faster meanwhile, so ours stands between two of theirs.
            rates.append({"direct": (before + after) / 2, "governed": ours})
        ratios = [row["governed"] / row["direct"] for row in rates]
    return {
        "requests": requests,
        "clients": clients,
        "rounds": rounds,
        "ratio": round(median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "per_s": _middle(rates),
        "load_average": os.getloadavg()[0],
    }


async def _rate(ask: Ask, requests: int, clients: int) -> float:
    left = iter(range(requests))

    async def client() -> None:
        for number in left:
            await ask(number)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return requests / (time.perf_counter() - began)


def _middle(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(median(row[name] for row in rows), 3) for name in rows[0]}
