"""A twin of vLLM's server: the same command line and answers, no model.

It lies where `python -m vllm.entrypoints.openai.api_server` looks when PYTHONPATH names the folder
`twin`. The variable TWIN says as JSON how it behaves: `start_s` until it listens, `dies` with an
exit code and a line of its log before it listens, `dies_after` so many answers, `hangs_after` so
many answers, `slow_after` so many answers, each of which takes `slow_s` then. A request says by
`seconds` how long its answer takes. What the twin knows of itself is told at /twin.
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Twin:
    """What the server knows of itself."""

    def __init__(self, words: list[str]) -> None:
        self.behaviour = json.loads(os.environ.get("TWIN", "{}"))
        self.key = os.environ.get("VLLM_API_KEY", "")
        self.words = words
        self.name = self.option("--served-model-name")
        self.answers = 0
        self.running = 0
        self.tokens = 0
        self.is_draining = False
        self.lock = threading.Lock()

    def option(self, name: str) -> str:
        return self.words[self.words.index(name) + 1]


class Handler(BaseHTTPRequestHandler):
    """Answers as vLLM does."""

    twin: Twin
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        twin = self.twin
        match self.path:
            case "/health":
                self.say(200, b"")
            case "/metrics":
                self.say(200, self.metrics(), kind="text/plain")
            case "/twin":
                told = {"words": twin.words, "environment": dict(os.environ)}
                self.say(
                    200,
                    json.dumps(
                        told | {"pid": os.getpid(), "answers": twin.answers}
                    ).encode(),
                )
            case _:
                self.say(404, b"{}")

    def metrics(self) -> bytes:
        twin = self.twin
        label = f'{{engine="0",model_name="{twin.name}"}}'
        lines = [
            "# TYPE vllm:num_requests_running gauge",
            f"vllm:num_requests_running{label} {float(twin.running)}",
            "# TYPE vllm:num_requests_waiting gauge",
            f"vllm:num_requests_waiting{label} 0.0",
            "# TYPE vllm:generation_tokens_total counter",
            f"vllm:generation_tokens_total{label} {float(twin.tokens)}",
        ]
        return ("\n".join(lines) + "\n").encode()

    def do_POST(self) -> None:
        twin = self.twin
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        if twin.key and self.headers["Authorization"] != f"Bearer {twin.key}":
            self.say(401, b'{"error": "Unauthorized"}')
            return
        if twin.is_draining:
            self.say(500, b'{"error": "cannot schedule new futures after shutdown"}')
            return
        with twin.lock:
            twin.running += 1
            twin.answers += 1
            number = twin.answers
        if number > twin.behaviour.get("dies_after", 10**9):
            tell("RuntimeError: the engine has died")
            os._exit(1)
        if number > twin.behaviour.get("hangs_after", 10**9):
            time.sleep(3_600)
        is_slow = number > twin.behaviour.get("slow_after", 10**9)
        seconds = twin.behaviour["slow_s"] if is_slow else 0
        time.sleep(json.loads(asked).get("seconds", seconds))
        with twin.lock:
            twin.running -= 1
            twin.tokens += 1
        self.say(200, json.dumps(self.completion(twin.name)).encode())

    def completion(self, name: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": "yes"}
        return {
            "model": name,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
        }

    def say(self, status: int, body: bytes, *, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until SIGTERM, and then end what is under way."""
    twin = Twin(sys.argv[1:])
    time.sleep(twin.behaviour.get("start_s", 0))
    if "dies" in twin.behaviour:
        code, line = twin.behaviour["dies"]
        tell(line)
        if code < 0:
            os.kill(os.getpid(), -code)
        sys.exit(code)
    Handler.twin = twin
    place = (twin.option("--host"), int(twin.option("--port")))
    server = ThreadingHTTPServer(place, Handler)
    server.daemon_threads = True

    def drain(*_: Any) -> None:
        twin.is_draining = True
        threading.Thread(target=end).start()

    def end() -> None:
        latest = time.monotonic() + float(twin.option("--shutdown-timeout"))
        while twin.running and time.monotonic() < latest:
            time.sleep(0.01)
        server.shutdown()

    signal.signal(signal.SIGTERM, drain)
    server.serve_forever(poll_interval=0.01)


if __name__ == "__main__":
    main()
