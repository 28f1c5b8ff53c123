"""The model's server as a process of its own, and the model as the planner's tool asks it."""

import asyncio
import json
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from interlock.agents.planning.step import form
from interlock.evals.live import weights
from interlock.evals.live.offers import OFFERS
from interlock.runtime.errors import GuardFailed
from interlock.tools.models.generate import Model
from interlock.tools.models.openai import EndpointModel
from interlock.tools.outbound.client import Bounds
from interlock.tools.outbound.destination import Destination

_CHILD: Final = Path(__file__).with_name("child.py")
_CONTEXT: Final = 4096  # tokens
_LONGEST_STEP: Final = 300  # tokens
#: From the start to the address; and for one answer, which may outlast the call that asks for it
_STARTS_S: Final = 300.0
_BOUNDS: Final = Bounds(most_bytes=1024 * 1024, total_s=900.0)
#: Threads that wait do not spin: the runtime has work to do as well
_SURROUNDINGS: Final = {"OMP_WAIT_POLICY": "PASSIVE"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """A model that answers, and what a measurement says of it."""

    model: Model
    notes: tuple[str, ...]
    #: Where its answers are kept, so that a run of the suite that was stopped goes on
    answers: Path | None = None


@asynccontextmanager
async def serving(seed: int) -> AsyncIterator[Serving]:
    """Serve the pinned weights on the loopback.

    Raises `BadInput` where they were not fetched, and `GuardFailed` for others in their place and
    when the server does not start.
    """
    place = weights.verified()
    key = secrets.token_hex(16)
    running = await asyncio.create_subprocess_exec(
        place.python,
        _CHILD,
        place.file,
        f"--name={weights.NAME}",
        f"--seed={seed}",
        f"--context={_CONTEXT}",
        stdin=PIPE,
        stdout=PIPE,
        stderr=None if sys.flags.dev_mode else asyncio.subprocess.DEVNULL,
        env=_SURROUNDINGS,
    )
    try:
        told = await _told(running, key)
        yield Serving(
            model=endpoint(f"{told['address']}/v1", key, _BOUNDS),
            notes=(
                f"model {weights.NAME}, sha256 {weights.SHA256}",
                f"llama.cpp of xllamacpp {told['version']}",
            ),
            answers=place.answers,
        )
    finally:
        await _stopped(running)


def endpoint(url: str, key: str, bounds: Bounds) -> EndpointModel:
    """Return the model at *url*, which answers in the form of one step."""
    return EndpointModel(
        endpoint=Destination.parse(url, reach="any"),
        served=weights.NAME,
        key=SecretStr(key),
        longest_answer=_LONGEST_STEP,
        bounds=bounds,
        form=form(OFFERS),
    )


async def _told(running: Process, key: str) -> dict[str, Any]:
    """Hand over the key, and return what the server says of itself."""
    if running.stdin is None or running.stdout is None:
        raise TypeError("the process has no pipes")
    running.stdin.write(f"{key}\n".encode())
    try:
        async with asyncio.timeout(_STARTS_S):
            line = await running.stdout.readline()
    except TimeoutError:
        line = b""
    if not line:
        raise GuardFailed(
            guard="model server",
            why="it did not start",
            next_step="See why: `PYTHONDEVMODE=1 interlock eval run live`.",
        )
    told: dict[str, Any] = json.loads(line)
    return told


async def _stopped(running: Process) -> None:
    if running.stdin is not None:
        running.stdin.close()
    try:
        async with asyncio.timeout(10):
            await running.wait()
    except TimeoutError:
        running.kill()
        await running.wait()
