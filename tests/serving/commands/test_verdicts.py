"""Commands of people who decide, in text and in JSON."""

import json
import os
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "code"),
    [
        (("--as", "ana", "--note", "checked"), 4, "own_request"),
        (("--as", "mallory", "--note", "checked"), 4, "not_granted"),
        (("--as", "rhea", "--note", "ok"), 4, "note_missing"),
        (("--as", "rhea", "--note", "checked", "--evidence", "0" * 64), 2, None),
    ],
)
def test_a_verdict_is_refused(
    used: Path,
    command: Command,
    run_id: str,
    *,
    arguments: tuple[str, ...],
    exit_code: int,
    code: str | None,
) -> None:
    """Only an entitled other person may decide, with a reason, on what was really shown; else it
    goes on waiting.
    """
    (approval,) = command(used, "run", "show", run_id, "--json").value["waiting"]
    ran = command(used, "approvals", "approve", approval, *arguments)

    assert ran.code == exit_code
    acts = [
        body for body in bodies(used, command) if body.get("tool") == "approval.decide"
    ]
    assert code is None or code in acts[0]["codes"]
    assert (
        command(used, "approvals", "show", approval, "--json").value["state"]
        == "waiting"
    )
    assert not list(used.glob("outbox/*"))


def bodies(home: Path, command: Command) -> list[dict[str, Any]]:
    """Return the body of every ledger entry."""
    lines = command(home, "audit", "show", "--json").out.splitlines()
    return [json.loads(line)["body"] for line in lines]


def test_a_reviewer_decides_for_their_own_tenant(
    used: Path, command: Command, run_id: str
) -> None:
    """A reviewer of another tenant is refused, and it goes on waiting."""
    (approval,) = command(used, "run", "show", run_id, "--json").value["waiting"]
    ran = command(
        used,
        "approvals",
        "approve",
        approval,
        "--as",
        "rhea",
        "--note",
        "checked",
        INTERLOCK_TENANT="other",
    )

    assert ran.code == 4
    verdicts = [
        body for body in bodies(used, command) if body.get("tool") == "approval.decide"
    ]
    assert [body["codes"] for body in verdicts] == [["wrong_tenant"]]
    assert (
        command(used, "approvals", "show", approval, "--json").value["state"]
        == "waiting"
    )


@contextmanager
def curt() -> Iterator[str]:
    """Serve an SMTP server on loopback that greets and then offers no way on; yield its address."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 curt ESMTP\r\n")
            while line := self.rfile.readline():
                self.wfile.write(
                    b"221 bye\r\n"
                    if line.upper().startswith(b"QUIT")
                    else b"250 curt\r\n"
                )

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_an_unknown_action_is_settled(
    used: Path, command: Command, run_id: str
) -> None:
    """A mail that broke off is shown as unknown with everything known of it, and the command to
    settle it; a reviewer settles it once.
    """
    with curt() as address:
        for act in ("repin", "resume"):
            command(used, "run", act, run_id, INTERLOCK_SMTP=address)
        (approval,) = command(used, "run", "show", run_id, "--json").value["waiting"]
        command(
            used,
            "approvals",
            "approve",
            approval,
            "--as",
            "rhea",
            "--note",
            "checked",
            INTERLOCK_SMTP=address,
        )
    text = command(used, "run", "show", run_id).out
    shown = command(used, "run", "show", run_id, "--json").value
    (sent,) = [each for each in shown["decisions"] if each["tool"] == "mail.send"]
    (lost,) = shown["unknown"]
    arguments = (
        "run",
        "resolve",
        run_id,
        sent["id"][:12],
        "--note",
        "the log of the mail server",
    )
    refused = [
        command(used, *arguments, *more).code
        for more in ((), ("--happened",), ("--happened", "--as", "ana"))
    ]
    settled = command(used, *arguments, "--did-not-happen", "--as", "rhea", "--json")
    (found,) = [
        each for each in settled.value["decisions"] if each["tool"] == "mail.send"
    ]

    assert sent["state"] == "unknown"
    assert (lost["id"], lost["arguments"]["to"]) == (sent["id"], ["legal@example.com"])
    assert (lost["machine"], lost["process"]) == (socket.gethostname(), os.getpid())
    assert shown["created"] <= lost["began"] <= time.time()
    assert lost["why"]["detail"] in " ".join(text.split())
    assert settled.value["unknown"] == []
    assert f"interlock run resolve {run_id} {sent['id'][:12]}" in text
    assert refused == [2, 4, 4]
    assert (settled.code, found["state"]) == (0, "failed")
    assert command(used, *arguments, "--happened", "--as", "rhea").code == 2
    assert command(used, "audit", "verify", "--json").value["valid"]


def test_an_approval_is_shown_whole(
    reviewed: Path, command: Command, run_id: str
) -> None:
    """A reviewer is shown every argument, where each came from, and the digest a verdict
    binds to.
    """
    (listed,) = command(reviewed, "approvals", "list", "--json").value
    whole = command(reviewed, "approvals", "show", listed["id"], "--json").value
    text = command(reviewed, "approvals", "show", listed["id"])

    assert listed["run_id"] == run_id
    assert whole["evidence"]["labels"]["to"] == ["trusted", "public"]
    assert whole["evidence"]["labels"]["body"] == ["untrusted", "confidential"]
    assert whole["evidence_digest"] in text.out
    assert listed["id"] in command(reviewed, "approvals", "list").out
