"""The policy server fails in the middle of a review: the run is held, and once the server is back
it is carried on.
"""

import http.client
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

CONTRACT: Final = (
    Path(__file__).resolve().parents[2]
    / "evals"
    / "data"
    / "contracts"
    / "opera-service-agreement.pdf"
)
#: On a busy machine the server may miss its deadline, too; that holds the run, as it must
TRIES: Final = 10


class Wire:
    """The wire to a policy server; it is cut after so many questions."""

    def __init__(self, *, left: int) -> None:
        self.left = left
        self.address = ""

    def mend(self) -> None:
        """Let every question through from now on."""
        self.left = 1_000_000


@contextmanager
def wired(opa: int, *, left: int) -> Iterator[Wire]:
    """Serve a wire on loopback."""
    wire = Wire(left=left)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            wire.left -= 1
            if wire.left < 0:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            question = self.rfile.read(int(self.headers["Content-Length"]))
            connection = http.client.HTTPConnection("127.0.0.1", opa, timeout=5)
            connection.request(
                "POST", self.path, question, {"Content-Type": "application/json"}
            )
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    wire.address = f"127.0.0.1:{server.server_port}"
    try:
        yield wire
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def counted(home: Path) -> tuple[int, int, int]:
    """Return the numbers of filed records, of mails, and of reports."""
    with closing(sqlite3.connect(home / "interlock.db")) as connection:
        kept = dict(
            connection.execute(
                "SELECT kind, count(*) FROM record GROUP BY kind"
            ).fetchall()
        )
    mails = list(home.glob("outbox/*.eml"))
    return kept.get("contract", 0), len(mails), kept.get("report", 0)


@pytest.mark.parametrize(("answered", "most"), [(3, 0), (7, 1)])
def test_a_review_outlives_its_policy_server(
    tmp_path: Path,
    command: Callable[..., Any],
    opa_server: int,
    answered: int,
    most: int,
) -> None:
    """Cut off after some decisions the review does nothing more and ends with 5, held; resumed,
    each effect happens once.
    """
    home = tmp_path
    (home / "people.yaml").write_text(
        "people: [{id: ana, roles: [analyst]}, {id: rhea, roles: [reviewer]}]\n",
        "utf-8",
    )
    with wired(opa_server, left=answered) as wire:

        def told(*arguments: str) -> Any:
            return command(
                home, *arguments, "--json", INTERLOCK_OPA_SERVER=wire.address
            )

        stopped = told(
            "review", str(CONTRACT), "--notify", "legal@example.com", "--as", "ana"
        )
        run_id = stopped.value["run_id"]
        denials = [
            each for each in stopped.value["decisions"] if each["effect"] == "deny"
        ]

        assert (stopped.code, stopped.value["status"]) == (5, "held")
        assert f"interlock run resume {run_id}" in stopped.err
        assert {why["rule"] for each in denials for why in each["reasons"]} == {"pdp"}
        assert max(counted(home)) <= most
        assert [each["status"] for each in told("run", "list").value] == ["held"]
        assert (
            told("run", "resume", run_id, "--as", "ana").code == 5
        )  # it is still down
        assert max(counted(home)) <= most

        wire.mend()
        resumed = until(lambda: told("run", "resume", run_id, "--as", "ana"))
        assert resumed.code == 3, resumed.err
        assert counted(home) == (1, 0, 1)
        (approval,) = resumed.value["waiting"]
        approved = told(
            "approvals", "approve", approval, "--as", "rhea", "--note", "checked"
        )
        ended = (
            approved
            if approved.code != 5
            else until(lambda: told("run", "resume", run_id, "--as", "ana"))
        )

    assert (ended.code, ended.value["status"]) == (0, "done"), ended.err
    assert counted(home) == (1, 1, 1)
    assert {each["state"] for each in ended.value["decisions"]} == {"done"}
    assert command(home, "audit", "verify", "--json").value["valid"] is True


def until(resume: Callable[[], Any]) -> Any:
    """Resume until the run is not held again."""
    for _ in range(TRIES):
        ran = resume()
        if ran.code != 5:
            break
    return ran
