"""A real model on a real vLLM, as an operator serves it: SmolLM2-135M, on the processor."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from interlock.evals.weights.package import smollm2
from interlock.serving.vllm.probe import figures
from interlock.tools.models.replicas import Replica, read
from interlock.tools.outbound.client import Answer, Bounds, send
from interlock.tools.outbound.destination import Destination

NAME: Final = "smollm2"
KEY: Final = "a-key-of-the-tests"
PORT: Final = 8_931
READY_WITHIN_S: Final = 1_200
ENDS_WITHIN_S: Final = 300
LAST_WRITTEN: Final = "tokenizer_config.json"
#: A thread: two of them wait for each other at every step, which costs more than they gain
_PROCESSOR: Final = {
    "OMP_NUM_THREADS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
}
_TEMPLATE: Final = Path(__file__).with_name("chat.jinja")


@dataclass
class Served:
    """The served model, and how it is asked."""

    home: Path
    process: "subprocess.Popen[bytes]"

    @property
    def replica(self) -> Replica:
        (replica,) = read(self.home, NAME)
        return replica

    async def raw(self, path: str, body: dict[str, Any] | None = None) -> Answer:
        return await send(
            Destination.parse(f"http://127.0.0.1:{PORT}", reach="any"),
            method="GET" if body is None else "POST",
            path=path,
            headers={
                "Authorization": f"Bearer {KEY}",
                "Content-Type": "application/json",
            },
            body=b"" if body is None else json.dumps(body).encode(),
            bounds=Bounds(total_s=600),
        )

    async def chat(self, text: str, **more: Any) -> dict[str, Any]:
        question = {
            "model": NAME,
            "messages": [{"role": "user", "content": text}],
            "temperature": 0,
            "max_tokens": 16,
        }
        answer = await self.raw("/v1/chat/completions", question | more)
        assert answer.status == 200, answer.body
        told: dict[str, Any] = json.loads(answer.body)
        return told

    async def counters(self) -> dict[str, float]:
        answer = await self.raw("/metrics")
        return figures(answer.body.decode())


def _catalogue(weights: Path, environment: Path) -> dict[str, Any]:
    model = {
        "weights": str(weights),
        "python": str(environment / "bin" / "python"),
        "port": PORT,
        "dtype": "float32",
        "context": 8_192,
        "structured_outputs": "xgrammar",
        "tool_parser": "hermes",
        "chat_template": str(_TEMPLATE),
        "key_file": "key",
        "environment": _PROCESSOR,
        # A block of 128 tokens, as on processors by default, is known whole or not at all: 41 ends
        # of questions would then cost more than half a contract. On a GPU blocks have 16 tokens.
        "options": {"block-size": 32, "enforce-eager": True, "max-num-seqs": 16},
        # No probe after the first ones: a test counts what it asks for itself.
        "patience": {
            "start_s": READY_WITHIN_S,
            "probe_every_s": 3_600,
            "probe_s": 120,
            "drain_s": 120,
        },
    }
    return {"models": {NAME: model}}


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve the model for the block; VLLM_ENVIRONMENT names vLLM's environment."""
    environment = Path(os.environ["VLLM_ENVIRONMENT"])
    weights = environment / "smollm2"
    if not (weights / LAST_WRITTEN).exists():
        smollm2(weights)
    (folder / "interlock.toml").write_text('home = "home"\n')
    (folder / "key").write_text(f"{KEY}\n")
    document = _catalogue(weights, environment)
    (folder / "models.yaml").write_text(json.dumps(document))
    interlock = str(Path(sys.executable).with_name("interlock"))
    process = subprocess.Popen([interlock, "models", "serve", NAME], cwd=folder)  # noqa: S603 - our own program
    served = Served(home=folder / "home", process=process)
    try:
        _wait_until_ready(served)
        yield served
    finally:
        process.terminate()
        process.wait(ENDS_WITHIN_S)


def _wait_until_ready(served: Served) -> None:
    latest = time.monotonic() + READY_WITHIN_S
    while [replica.state for replica in read(served.home, NAME)] != ["ready"]:
        assert served.process.poll() is None, read(served.home, NAME)
        assert time.monotonic() < latest
        time.sleep(0.5)
