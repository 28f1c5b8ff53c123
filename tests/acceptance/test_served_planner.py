"""A served model that plans: what it is sent, and what becomes of what it proposes, with the
installed command.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
CONTRACT = (
    Path(__file__).resolve().parents[2]
    / "evals"
    / "data"
    / "contracts"
    / "opera-service-agreement.pdf"
)
PEOPLE = "people:\n- {id: ana, roles: [analyst]}\n- {id: rhea, roles: [reviewer]}\n"


class Planner(ThreadingHTTPServer):
    """An endpoint whose model proposes two mails, one of them to a stranger, and then says that it
    is done.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, Any]] = []
        #: What each request was for: a path, or a whole URL where this is a proxy
        self.places: list[str] = []

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(asked)
        if len(self.asked) > 1:
            return {"role": "assistant", "content": "Done."}
        return {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                _mail("t1", "stranger@harvest.example"),
                _mail("t2", "legal@example.com"),
            ],
        }


class _Handler(BaseHTTPRequestHandler):
    server: Planner

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.places.append(self.path)
        message = self.server.answer(asked)
        choice = {
            "index": 0,
            "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
            "message": message,
        }
        used = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
        body = json.dumps(
            {
                "id": "c",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [choice],
                "usage": used,
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _mail(call_id: str, address: str) -> dict[str, Any]:
    arguments = {
        "to": [address],
        "cc": [],
        "subject": "Contract",
        "body": "It was reviewed.",
        "attachments": [],
    }
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": "mail__send", "arguments": json.dumps(arguments)},
    }


@contextmanager
def served() -> Iterator[Planner]:
    """Serve an endpoint for a block."""
    with Planner() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def planner() -> Iterator[Planner]:
    with served() as server:
        yield server


def reviewed(command: Command, home: Path, planner: Planner, **settings: str) -> Any:
    """Review a contract with the served planner."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "people.yaml").write_text(PEOPLE, "utf-8")
    url = f"http://127.0.0.1:{planner.server_address[1]}/v1"
    own = {"INTERLOCK_MODEL_URL": url, "INTERLOCK_MODEL_NAME": "m", **settings}
    return command(
        home,
        "review",
        str(CONTRACT),
        "--notify",
        "legal@example.com",
        "--as",
        "ana",
        "--json",
        **own,
    )


def test_a_served_model_proposes_and_the_policy_decides(
    command: Command, home: Path, planner: Planner
) -> None:
    """What the model wants sent to a stranger is denied, what the request names waits for a person,
    and nothing leaves.
    """
    ran = reviewed(command, home, planner, INTERLOCK_MODEL_CLEARANCE="confidential")
    states = {
        each["state"]: each
        for each in ran.value["decisions"]
        if each["tool"] == "mail.send"
    }

    assert ran.code == 3
    assert states.keys() == {"denied", "waiting"}
    assert {"untrusted_destination", "egress_domain"} <= {
        why["code"] for why in states["denied"]["reasons"]
    }
    assert not list(home.glob("outbox/*"))
    assert ran.value["spend"]["spent"]["tokens"] == 1100


def test_a_model_elsewhere_is_sent_nothing_confidential(
    command: Command, home: Path, planner: Planner
) -> None:
    """Until the operator clears an endpoint for it, no word of the contract reaches it, and the
    review stops there.
    """
    ran = reviewed(command, home, planner)
    (asked,) = [
        each for each in ran.value["decisions"] if each["tool"] == "model.generate"
    ]

    assert ran.code == 4
    assert [why["code"] for why in asked["reasons"]] == ["clearance"]
    assert planner.asked == []


def test_a_proxy_is_asked_when_a_setting_names_it_and_no_other(
    command: Command, home: Path, planner: Planner
) -> None:
    """A proxy of the environment gets no word; a model elsewhere is asked through the proxy of the
    settings, and by plain HTTP only where a setting says so.
    """
    with served() as proxy, served() as decoy:
        elsewhere = f"http://127.0.0.1:{decoy.server_address[1]}"
        settings = {
            "INTERLOCK_MODEL_CLEARANCE": "confidential",
            "INTERLOCK_MODEL_URL": "http://model.example/v1",
            "INTERLOCK_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}",
            "HTTP_PROXY": elsewhere,
            "http_proxy": elsewhere,
            "ALL_PROXY": elsewhere,
        }
        refused = reviewed(command, home, planner, **settings)
        ran = reviewed(
            command, home, planner, INTERLOCK_MODEL_PLAIN_HTTP="true", **settings
        )

    assert refused.code == 2
    assert ran.code == 3
    assert set(proxy.places) == {"http://model.example/v1/chat/completions"}
    assert planner.places == decoy.places == []
