"""The command `interlock ask`: a question over contracts, answered by the model that is set."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

Command = Callable[..., Any]
TEXT = (
    'This Hosting Agreement is made between Northwind Traders Ltd ("Customer") and Fabrikam Cloud '
    'Inc. ("Supplier"). Supplier may increase the fees once a year. '
    "This Agreement shall be governed by the laws of Ireland."
)
QUESTION = "May the supplier raise the fees?"
PLAN = {"steps": [{"tool": "documents.search", "arguments": {"query": "fees"}}]}
RIGHT = {
    "says": "Yes, once a year",
    "document": 1,
    "quotation": "Supplier may increase the fees once a year",
}
WRONG = {"says": "And twice", "document": 1, "quotation": "twice in every year"}
ANSWER = {"tool": "answer", "arguments": {"statements": [RIGHT, WRONG]}}


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A contract of three sentences."""
    path = tmp_path / "hosting.txt"
    path.write_text(TEXT, "utf-8")
    return path


@contextmanager
def served(*says: Any) -> Iterator[tuple[dict[str, str], list[Any]]]:
    """Serve a model that says one thing after the other; yield its settings, and what it is
    asked.
    """
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            asked.append(json.loads(self.rfile.read(size)))
            said = says[min(len(asked), len(says)) - 1]
            message = {"role": "assistant", "content": json.dumps(said)}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            body = json.dumps({"choices": [choice]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings = {
            "INTERLOCK_MODEL_URL": f"http://127.0.0.1:{server.server_port}/v1",
            "INTERLOCK_MODEL_NAME": "m",
            "INTERLOCK_MODEL_CLEARANCE": "confidential",
        }
        yield settings, asked
        server.shutdown()


def test_an_answer_is_shown_with_its_places(
    home: Path, command: Command, text: Path
) -> None:
    """Each statement stands with its quotation and its place, what is not grounded stands apart,
    and the model was asked in a form.
    """
    with served(PLAN, ANSWER) as (settings, asked):
        ran = command(home, "ask", QUESTION, str(text), **settings)
    forms = [one["response_format"]["json_schema"]["schema"] for one in asked]

    assert ran.code == 0, ran.err
    assert "documents.search" in ran.out
    assert "Yes, once a year" in ran.out
    assert "(hosting.txt, line 1)" in " ".join(ran.out.split())
    grounded, _, apart = ran.out.partition("Not grounded")
    assert "And twice" in apart
    assert "And twice" not in grounded
    assert list(forms[0]["properties"]) == ["steps"]


def test_a_program_reads_the_same(home: Path, command: Command, text: Path) -> None:
    """The JSON has question, plan, statements with their spans, and what is not grounded."""
    with served(PLAN, ANSWER) as (settings, _):
        answer = command(home, "ask", QUESTION, str(text), "--json", **settings).value[
            "answer"
        ]
    cites = answer["statements"][0]["cites"]

    assert answer["question"] == QUESTION
    assert [one["verdict"] for one in answer["plan"]] == ["permit"]
    assert TEXT[cites["start"] : cites["end"]] == RIGHT["quotation"]
    assert [one["fault"] for one in answer["ungrounded"]] == ["not_there"]


def test_nobody_answers_without_a_model(
    home: Path, command: Command, text: Path
) -> None:
    """Where no model is set the question is refused before a run begins, with the next step."""
    ran = command(home, "ask", QUESTION, str(text), "--json")

    assert ran.code == 2
    assert "no model is set" in ran.err
    assert "[model]" in ran.err


def test_what_may_not_reach_the_model_does_not(
    home: Path, command: Command, text: Path
) -> None:
    """A model that may see public data alone plans, and is never told a word of the contract."""
    with served(PLAN, ANSWER) as (settings, asked):
        public = settings | {"INTERLOCK_MODEL_CLEARANCE": "public"}
        ran = command(home, "ask", QUESTION, str(text), **public)

    assert ran.code == 4
    assert len(asked) == 1
    assert "clearance" in ran.out
    assert "once a year" not in json.dumps(asked)


def test_a_file_that_is_not_there_is_refused(home: Path, command: Command) -> None:
    """No run begins for a file that is not there."""
    with served(PLAN) as (settings, asked):
        ran = command(home, "ask", QUESTION, "nowhere.txt", **settings)

    assert (ran.code, asked) == (2, [])
