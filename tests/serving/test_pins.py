"""A run means the same wherever it is resumed: what it was started with is pinned."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

Command = Callable[..., Any]
#: What a home may have instead, by the pin that it changes
OTHERS: Final[dict[str, dict[str, str]]] = {
    "sender": {"INTERLOCK_SENDER": "other@example.com"},
    "transport": {"INTERLOCK_SMTP": "mail.example.com:25"},
    "planner": {
        "INTERLOCK_MODEL_URL": "https://models.example.com/v1",
        "INTERLOCK_MODEL_NAME": "other",
    },
}


def verdict(command: Command, home: Path, approval: str, **settings: str) -> Any:
    """Let the reviewer approve, and the run go on."""
    words = ["approve", approval, "--as", "rhea", "--note", "fine", "--json"]
    return command(home, "approvals", *words, **settings)


def refusal(ran: Any) -> tuple[int, str]:
    """Return how a command ended, and the code it gave."""
    return ran.code, json.loads(ran.err)["error"]["code"]


def waiting(command: Command, home: Path, **settings: str) -> list[str]:
    """Return the approvals that wait."""
    rows = command(home, "approvals", "list", "--json", **settings).value
    return [row["id"] for row in rows if row["state"] == "waiting"]


@pytest.mark.parametrize("pin", OTHERS)
def test_a_run_is_carried_on_with_what_it_was_started_with(
    used: Path, command: Command, pin: str
) -> None:
    """Where a pin differs, neither verdict nor resumption is taken, and the code names the pin;
    the approval serves where the run was started.
    """
    other = OTHERS[pin]
    (run,) = command(used, "run", "list", "--json").value
    (approval,) = waiting(command, used)
    decided = verdict(command, used, approval, **other)
    words = ["resume", run["run_id"], "--as", "rhea", "--json"]
    resumed = command(used, "run", *words, **other)
    untouched = waiting(command, used)
    at_home = verdict(command, used, approval)

    assert refusal(decided) == refusal(resumed) == (5, f"another_{pin}")
    assert untouched == [approval]
    assert at_home.code == 0
    assert len(list((used / "outbox").iterdir())) == 1


def test_nothing_is_sent_into_the_outbox_of_another_home(
    used: Path, tmp_path: Path, command: Command
) -> None:
    """A second home on the same database and keys sends nothing of the first, until a person pins
    the run to the second home: then the mail is asked for anew.
    """
    second = tmp_path / "second"
    second.mkdir()
    for folder in ("keys", "checkpoints"):
        shutil.copytree(used / folder, second / folder)
    shutil.copy(used / "people.yaml", second / "people.yaml")
    shared = {"INTERLOCK_DATABASE": f"sqlite:///{used / 'interlock.db'}"}
    (run,) = command(used, "run", "list", "--json").value
    (old,) = waiting(command, used)
    there = verdict(command, second, old, **shared)
    pinned = command(second, "run", "repin", run["run_id"], **shared)
    resumed = command(second, "run", "resume", run["run_id"], "--as", "ana", **shared)
    (new,) = waiting(command, second, **shared)
    here = verdict(command, used, new)

    assert refusal(there) == refusal(here) == (5, "another_transport")
    assert (pinned.code, resumed.code) == (0, 3)
    assert new != old
    assert verdict(command, second, new, **shared).code == 0
    assert len(list((second / "outbox").iterdir())) == 1
    assert not (used / "outbox").exists()
    assert command(used, "audit", "verify").code == 0


def test_a_reviewer_is_shown_the_pins(reviewed: Path, command: Command) -> None:
    """The evidence, to which a verdict binds, says by whom is planned and how is sent."""
    (approval,) = waiting(command, reviewed)
    shown = command(reviewed, "approvals", "show", approval, "--json").value
    pins = shown["evidence"]["pins"]

    assert pins.keys() == {
        "planner",
        "transport",
        "sender",
        "finder",
        "playbooks",
        "tools",
    }
    assert pins["planner"] == "careful"
