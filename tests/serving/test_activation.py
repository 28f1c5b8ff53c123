"""Whoever runs another policy leaves an entry in the ledger."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from interlock.runtime.policy.engine.bundle import load
from interlock.serving.settings import BUNDLE

Command = Callable[..., Any]
PERMISSIVE = (
    Path(__file__).resolve().parents[2] / "evals" / "data" / "permissive.tar.gz"
)


def events(home: Path, command: Command) -> list[dict[str, Any]]:
    """Return the bodies of the ledger."""
    return [
        json.loads(line)["body"]
        for line in command(home, "audit", "show", "--json").out.splitlines()
    ]


def test_a_new_revision_is_recorded_before_its_first_run(
    used: Path, command: Command, contract: Path
) -> None:
    """A review under another bundle is preceded by one entry that names both revisions; looking
    records nothing.
    """
    ours, theirs = load(BUNDLE).revision, load(PERMISSIVE).revision
    before = events(used, command)
    for looking in (
        ["doctor"],
        ["verify"],
        ["run", "list"],
        ["audit", "verify"],
        ["approvals", "list"],
    ):
        command(used, *looking, INTERLOCK_BUNDLE=str(PERMISSIVE))
    assert events(used, command) == before
    assert [
        each["revision"] for each in before if each["event"] == "policy_activated"
    ] == [ours]

    for _ in range(2):
        command(
            used,
            "review",
            str(contract),
            "--as",
            "ana",
            INTERLOCK_BUNDLE=str(PERMISSIVE),
        )
    after = [body for body in events(used, command) if body not in before]
    [activated] = [body for body in after if body["event"] == "policy_activated"]
    started = [body for body in after if body["event"] == "run_started"]

    assert (activated["previous"], activated["revision"]) == (ours, theirs)
    assert [body["revision"] for body in started] == [theirs, theirs]
    assert activated["at"] <= started[0]["at"]
    assert command(used, "audit", "verify").code == 0
