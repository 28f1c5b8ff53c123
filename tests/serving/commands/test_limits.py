"""Commands about budgets and switches, in text and in JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]


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
