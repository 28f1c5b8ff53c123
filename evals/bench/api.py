"""What governing costs a server: the same server, paired in one run, with and without it."""

import asyncio
import signal
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

from interlock.evals.api.child import PLAIN
from interlock.evals.api.client import Client
from interlock.evals.api.process import Child

_RUNS: Final = "/v1/runs"
_ORDER: Final = {"agent": "contract_review", "request": {"path": "a.pdf"}}
_TAKEN: Final = 202
_PERCENT: Final = 100


def api(*, clients: int, requests: int, rounds: int, listeners: int) -> dict[str, Any]:
    """Return the figures of *rounds* interleaved rounds of *requests* by so many *clients*.

    At the end *listeners* follow runs of the same tenant while the same is asked once more.
    """
    with TemporaryDirectory(prefix="interlock-bench-") as folder:
        measuring = _Measuring(Path(folder), clients=clients, requests=requests)
        return asyncio.run(measuring.figures(rounds, listeners))


class _Measuring:
    """One child that is asked again and again."""

    def __init__(self, folder: Path, *, clients: int, requests: int) -> None:
        self._child = Child(folder)
        self._clients = clients
        self._requests = requests

    async def figures(self, rounds: int, listeners: int) -> dict[str, Any]:
        """Return all figures."""
        await self._child.start()
        try:
            await self._round(_RUNS)  # what is made at the first request
            await self._round(PLAIN)
            pairs = [
                (await self._round(_RUNS), await self._round(PLAIN))
                for _ in range(rounds)
            ]
            governed = [pair[0] for pair in pairs]
            ratios = [one["per_s"] / other["per_s"] for one, other in pairs]
            alone = await self._round(_RUNS)
            heard = await self._with_listeners(listeners)
        finally:
            await self._child.end(signal.SIGTERM)
        return {
            "clients": self._clients,
            "requests": self._requests,
            "rounds": rounds,
            "ratio": round(median(ratios), 3),
            "governed": _middle(governed),
            "plain": _middle([pair[1] for pair in pairs]),
            "listeners": {"number": listeners, "without": alone, "with": heard},
        }

    async def _round(self, path: str) -> dict[str, float]:
        """Return rate, latency and processor time of the server for one round."""
        left = iter(range(self._requests))
        taken_ms: list[float] = []
        before = self._child.seconds
        began = perf_counter()
        await asyncio.gather(
            *(self._ask(path, left, taken_ms) for _ in range(self._clients))
        )
        seconds = perf_counter() - began
        spent = self._child.seconds - before
        cuts = quantiles(taken_ms, n=_PERCENT)
        return {
            "per_s": round(self._requests / seconds, 1),
            "p50_ms": round(median(taken_ms), 2),
            "p99_ms": round(cuts[-1], 2),
            "cpu_ms": round(1_000 * spent / self._requests, 3),
        }

    async def _ask(self, path: str, left: Any, taken_ms: list[float]) -> None:
        client = await Client.to(self._child.port)
        for _ in left:
            began = perf_counter()
            answer = await client.ask("POST", path, _ORDER)
            if answer.status != _TAKEN:
                raise RuntimeError(f"{path} answered {answer.status}: {answer.body!r}")
            taken_ms.append((perf_counter() - began) * 1_000)
        client.close()

    async def _with_listeners(self, number: int) -> dict[str, float]:
        """Return a round during which so many listeners hear of runs of the same tenant."""
        listening = [await self._listener() for _ in range(number)]
        try:
            return await self._round(_RUNS)
        finally:
            for client in listening:
                client.close()

    async def _listener(self) -> Client:
        client = await Client.to(self._child.port)
        run = (await client.ask("POST", _RUNS, _ORDER)).value["run_id"]
        await client.send("GET", f"{_RUNS}/{run}/events")
        return client


def _middle(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: median(row[name] for row in rows) for name in rows[0]}
