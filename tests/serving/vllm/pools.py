"""A pool over twins of vLLM, for tests: a catalogue, its serving, and questions to a replica."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from interlock.serving.vllm.catalogue import read as read_catalogue
from interlock.serving.vllm.pool import Pool
from interlock.tools.models.replicas import Replica, read
from interlock.tools.outbound.client import Answer, send
from interlock.tools.outbound.destination import Destination

TWIN: Final = Path(__file__).parent / "twin"
WITHIN_S: Final = 30
#: So short that a test is, and so long that a busy machine is not taken for a hung server
PATIENCE: Final = {
    "start_s": 20,
    "probe_every_s": 0.05,
    "probe_s": 1,
    "silent_probes": 2,
    "drain_s": 10,
    "settle_s": 0.1,
    "restarts": 2,
    "first_pause_s": 0.05,
}


def free_ports(number: int) -> int:
    """Return the first of so many ports, one after the other, at which nobody listens."""
    for first in range(20_000 + os.getpid() % 9_000, 60_000, number):
        try:
            for port in range(first, first + number):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no port is free")


def catalogue(folder: Path, *, twin: dict[str, Any], **fields: Any) -> Path:
    """Write a catalogue with the model "small", which the twin serves."""
    (folder / "weights").mkdir(exist_ok=True)
    (folder / "key").write_text("s3cret\n")
    model = {
        "weights": "weights",
        "python": sys.executable,
        "port": free_ports(fields.get("replicas", 1)),
        "key_file": "key",
        "environment": {"PYTHONPATH": str(TWIN), "TWIN": json.dumps(twin)},
        "patience": PATIENCE | fields.pop("patience", {}),
    }
    file = folder / "models.yaml"
    file.write_text(json.dumps({"models": {"small": model | fields}}))
    return file


@dataclass
class Served:
    """A pool that serves, and all that was heard of it."""

    home: Path
    pool: Pool
    heard: list[tuple[int, Replica]] = field(default_factory=list)

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not is_so():  # noqa: ASYNC110 - another process writes what is looked at
                await asyncio.sleep(0.02)

    async def are(self, *states: str) -> None:
        await self.until(lambda: tuple(one.state for one in self.replicas) == states)

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """The replicas as a router reads them."""
        return read(self.home, "small")

    def states(self, number: int = 0) -> list[str]:
        return [replica.state for one, replica in self.heard if one == number]

    def why(self, state: str) -> str:
        return next(replica.why for _, replica in self.heard if replica.state == state)


@asynccontextmanager
async def served(
    folder: Path, *, twin: dict[str, Any] | None = None, **fields: Any
) -> AsyncIterator[Served]:
    """Serve the model until the end of the block, which stops it."""
    file = catalogue(folder, twin=twin or {}, **fields)
    model = read_catalogue(file).models["small"]
    heard: list[tuple[int, Replica]] = []

    def told(number: int, replica: Replica) -> None:
        heard.append((number, replica))

    home = folder / "home"
    pool = Pool("small", model, home=home, told=told)
    serving = asyncio.create_task(pool.serve())
    try:
        yield Served(home=home, pool=pool, heard=heard)
    finally:
        pool.kill()
        await serving


async def asked(
    replica: Replica, *, path: str = "/chat/completions", body: dict[str, Any] | None
) -> Answer:
    """Ask a replica as a router does."""
    base = replica.url if path.startswith("/chat") else replica.url.removesuffix("/v1")
    return await send(
        Destination.parse(base, reach="any"),
        method="GET" if body is None else "POST",
        path=path,
        headers={"Authorization": "Bearer s3cret"},
        body=b"" if body is None else json.dumps(body).encode(),
    )


async def twin_of(replica: Replica) -> dict[str, Any]:
    """Return what a twin knows of itself."""
    answer = await asked(replica, path="/twin", body=None)
    told: dict[str, Any] = json.loads(answer.body)
    return told
