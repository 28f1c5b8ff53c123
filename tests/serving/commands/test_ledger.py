"""Commands that show what was decided and why, in text and in JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]


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


def test_everyone_else_hears_nothing(home: Path, command: Command) -> None:
    """In a new home every list is empty and says so."""
    for arguments in (("run", "list"), ("approvals", "list"), ("budget", "show")):
        assert command(home, *arguments, "--json").value == []
        assert command(home, *arguments).out.startswith(("No ", "Nothing "))
