"""Every command in text and in JSON, on a home with one review whose mail waits."""

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def run_id(reviewed: Path, command: Command) -> str:
    """The one run of the home."""
    (run,) = command(reviewed, "run", "list", "--json").value
    return str(run["run_id"])


def test_runs_are_listed(reviewed: Path, command: Command, run_id: str) -> None:
    """A list of runs shows each with its state, for whom it is and its document."""
    (row,) = command(reviewed, "run", "list", "--json").value
    text = command(reviewed, "run", "list")

    assert row.keys() == {
        "run_id",
        "status",
        "undoing",
        "agent",
        "job",
        "priority",
        "created",
        "for",
        "document",
        "risk",
        "revision",
        "needs_repin",
    }
    assert row["risk"].keys() == {"tier", "score"}
    assert (row["status"], row["for"]) == ("waiting", "ana")
    assert run_id in text.out
    assert "opera-service-agreement.pdf" in text.out


def test_a_run_is_shown(reviewed: Path, command: Command, run_id: str) -> None:
    """Showing a run says the same in text as in JSON, and succeeds whatever became of the run."""
    seen, text = (
        command(reviewed, "run", "show", run_id, "--json"),
        command(reviewed, "run", "show", run_id),
    )

    assert (seen.code, text.code) == (0, 0)
    assert seen.value["run_id"] == run_id
    assert all(
        each["category"] in text.out
        for each in seen.value["findings"]
        if len(each["category"]) < 20
    )
    assert seen.value["waiting"][0] in text.out


def test_a_run_that_waits_goes_on_waiting(
    used: Path, command: Command, run_id: str
) -> None:
    """Resuming a run before anyone has decided changes nothing: it waits for the same approval."""
    before = command(used, "run", "show", run_id, "--json").value["waiting"]
    resumed = command(used, "run", "resume", run_id, "--json")

    assert resumed.code == 3
    assert resumed.value["waiting"] == before
    assert not list(used.glob("outbox/*"))


def test_a_cancelled_run_is_over(used: Path, command: Command, run_id: str) -> None:
    """A cancelled run waits for nobody any more, cannot be resumed or approved, and leaves no
    mail.
    """
    (approval,) = command(used, "run", "show", run_id, "--json").value["waiting"]
    cancelled = command(used, "run", "cancel", run_id, "--as", "ana", "--json")
    resumed = command(used, "run", "resume", run_id)
    approved = command(
        used, "approvals", "approve", approval, "--as", "rhea", "--note", "checked"
    )

    assert (cancelled.code, cancelled.value["status"], cancelled.value["waiting"]) == (
        0,
        "cancelled",
        [],
    )
    assert (resumed.code, approved.code) == (2, 2)
    assert "cancelled" in resumed.err
    assert not list(used.glob("outbox/*"))


def test_a_run_is_cancelled_and_undone(
    used: Path, command: Command, run_id: str
) -> None:
    """What the run wrote is withdrawn through the door, newest first, and told; the ledger and the
    tables agree, and nothing is done twice.
    """
    told = command(used, "run", "cancel", run_id, "--undo", "--as", "ana")
    again = command(used, "run", "cancel", run_id, "--undo", "--as", "ana")
    view = command(used, "run", "show", run_id, "--json").value
    (record,) = command(used, "records", "list", "--json").value
    report = command(used, "run", "report", run_id)
    verified = command(used, "audit", "verify", "--state")

    assert (told.code, again.code, view["status"]) == (0, 2, "cancelled")
    undone = {effect["tool"] for effect in view["undo"]["undone"]}
    assert undone == {"records.file", "report.write"}
    assert view["undo"]["not_undone"] == []
    assert "Undone      report.write" in told.out
    assert (record["status"], view["report"], report.code) == ("withdrawn", False, 2)
    takers = [step for step in view["decisions"] if step["undoes"]]
    assert [step["reasons"][0]["code"] for step in takers] == ["granted"] * 2
    assert verified.code == 0


def test_budgets_are_shown(reviewed: Path, command: Command, run_id: str) -> None:
    """A budget shows limit, spend and reservation of every kind."""
    (shown,) = command(reviewed, "budget", "show", run_id, "--json").value
    text = command(reviewed, "budget", "show")

    assert shown["id"] == run_id
    assert shown["facts"].keys() >= {"limits", "spent", "reserved", "level"}
    assert shown["facts"]["spent"]["effects"] == 2
    assert all(kind in text.out for kind in shown["facts"]["limits"])


def test_a_tenants_limit_is_set_and_taken_away(used: Path, command: Command) -> None:
    """Setting a limit takes the role, the tenant's own person and a number that is not below what
    is spent; "none" takes the limit away, and a soft limit that is passed is shown.
    """

    def change(*words: str, budget: str = "tenant:default") -> int:
        return int(command(used, "budget", "set", budget, *words).code)

    refused = [
        change("effects", "900", "--as", "ana"),
        change("effects", "900", budget="tenant:other"),
        change("effects", "0"),
        change("effects", "-1x"),
    ]
    given = [change("effects", "900"), change("steps", "1", "--soft")]
    (budget,) = command(used, "budget", "show", "tenant:default", "--json").value
    taken = change("effects", "none")
    (after,) = command(used, "budget", "show", "tenant:default", "--json").value

    assert refused == [4, 4, 2, 2]
    assert (given, taken) == ([0, 0], 0)
    assert budget["facts"]["limits"]["effects"] == 900
    assert (budget["soft"], budget["facts"]["passed"]) == ({"steps": 1}, ["steps"])
    assert after["facts"]["limits"]["effects"] is None


def test_a_limit_is_raised_by_an_administrator(
    used: Path, command: Command, run_id: str
) -> None:
    """Raising a limit takes an administrator, a known kind and a positive amount, and is recorded
    with who did it.
    """
    arguments = ("budget", "raise", run_id, "steps", "5")
    before = command(used, "budget", "show", run_id, "--json").value[0]["facts"][
        "limits"
    ]["steps"]
    refused = [
        command(used, *arguments, "--as", "ana").code,
        command(used, "budget", "raise", run_id, "hope", "5").code,
    ]
    refused.append(command(used, "budget", "raise", run_id, "steps", "0").code)
    raised = command(used, *arguments)
    lines = [
        json.loads(line)
        for line in command(used, "audit", "show", run_id, "--json").out.splitlines()
    ]
    (moved,) = [each for each in lines if each["body"]["event"] == "budget"]

    assert refused == [4, 2, 2]
    assert raised.out == f"Raised steps of {run_id} by 5.\n"
    assert (
        command(used, "budget", "show", run_id, "--json").value[0]["facts"]["limits"][
            "steps"
        ]
        == before + 5
    )
    assert (
        (moved["body"]["kind"], moved["body"]["amount"]),
        len(moved["payload"]),
    ) == (
        ("steps", 5),
        1,
    )


def test_the_ledger_is_shown(reviewed: Path, command: Command, run_id: str) -> None:
    """The ledger is shown in order, each entry with what this home's keys can open."""
    lines = [
        json.loads(line)
        for line in command(
            reviewed, "audit", "show", run_id, "--json"
        ).out.splitlines()
    ]
    text = command(reviewed, "audit", "show")

    assert [each["body"]["seq"] for each in lines] == sorted(
        each["body"]["seq"] for each in lines
    )
    assert lines[0]["body"]["event"] == "run_started"
    assert lines[0]["payload"]["principal"]["on_behalf_of"] == "ana"
    assert text.code == 0
    assert "mail.send" in text.out


def test_a_decision_is_explained(reviewed: Path, command: Command, run_id: str) -> None:
    """An explanation gives the recorded answer, and the answer of the policy in force to the same
    request.
    """
    decisions = command(reviewed, "run", "show", run_id, "--json").value["decisions"]
    (sent,) = [each for each in decisions if each["tool"] == "mail.send"]
    told = command(reviewed, "policy", "explain", sent["id"][:16], "--json").value
    text = command(reviewed, "policy", "explain", sent["id"])

    assert told.keys() == {"action", "tool", "arguments", "recorded", "now"}
    assert (told["action"], told["tool"]) == (sent["id"], "mail.send")
    assert told["arguments"]["to"] == ["legal@example.com"]
    assert (told["recorded"]["effect"], told["recorded"]["state"]) == (
        "permit",
        "waiting",
    )
    assert (told["now"]["effect"], "approve" in told["now"]["obligations"]) == (
        "permit",
        True,
    )
    assert (text.code, "granted" in text.out) == (0, True)


def test_a_kill_switch_is_recorded(used: Path, command: Command) -> None:
    """Engaging and releasing a switch says so in text and JSON, and both are in the home's log."""
    engaged = command(used, "kill", "engage", "tool", "mail.send", "--json")
    released = command(used, "kill", "release", "tool", "mail.send")
    lines = [
        json.loads(line)["body"]
        for line in command(
            used, "audit", "show", "--log", "@home", "--json"
        ).out.splitlines()
    ]

    assert engaged.value == {
        "scope": "tool",
        "id": "mail.send",
        "engaged": True,
        "codes": ["granted"],
        "checked": True,
    }
    assert released.out == "Released: tool mail.send\n"
    assert [each["engaged"] for each in lines if each["event"] == "kill_switch"] == [
        True,
        False,
    ]


def test_a_killed_tool_is_not_used_even_when_approved(
    used: Path, command: Command, run_id: str
) -> None:
    """An approval does not get past a kill switch: the policy is asked again, denies, and no mail
    leaves.
    """
    (approval,) = command(used, "run", "show", run_id, "--json").value["waiting"]
    command(used, "kill", "engage", "tool", "mail.send")
    approved = command(
        used,
        "approvals",
        "approve",
        approval,
        "--as",
        "rhea",
        "--note",
        "checked",
        "--json",
    )
    (sent,) = [
        each for each in approved.value["decisions"] if each["tool"] == "mail.send"
    ]

    assert approved.code == 4
    assert (sent["effect"], sent["state"]) == ("deny", "denied")
    assert not list(used.glob("outbox/*"))


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
    """A mail that broke off is shown as unknown with the command to settle it; a reviewer settles
    it once.
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
    (sent,) = [
        each
        for each in command(used, "run", "show", run_id, "--json").value["decisions"]
        if each["tool"] == "mail.send"
    ]
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


def test_everyone_else_hears_nothing(home: Path, command: Command) -> None:
    """In a new home every list is empty and says so."""
    for arguments in (("run", "list"), ("approvals", "list"), ("budget", "show")):
        assert command(home, *arguments, "--json").value == []
        assert command(home, *arguments).out.startswith(("No ", "Nothing "))


def test_an_ended_run_can_be_erased(used: Path, command: Command) -> None:
    """Erasing takes an administrator and an ended run; afterwards the run is shown as erased, its
    entries are listed, and the ledger verifies.
    """
    run_id = command(used, "run", "list", "--json").value[0]["run_id"]
    document = command(used, "run", "show", run_id, "--json").value["document"][
        "digest"
    ]
    early = command(used, "run", "erase", run_id)
    command(used, "run", "cancel", run_id)
    stranger = command(used, "run", "erase", run_id, "--as", "ana")
    erased = command(used, "run", "erase", run_id, "--json")

    assert (early.code, stranger.code) == (2, 4)
    assert erased.value == {"run_id": run_id, "erased": True}
    (row,) = command(used, "run", "list", "--json").value
    assert (row["status"], row["for"], row["document"], row["risk"]) == (
        "erased",
        "",
        "",
        None,
    )
    assert command(used, "run", "show", run_id, "--json").value["status"] == "erased"
    assert command(used, "run", "show", run_id).code == 0
    assert command(used, "audit", "show", run_id).code == 0
    assert command(used, "run", "report", run_id).code == 2
    assert command(used, "document", "text", document).code == 2
    assert command(used, "audit", "verify", "--json").value["valid"]
