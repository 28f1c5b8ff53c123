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
    """A review under another bundle takes somebody who may activate it, and is preceded by one
    entry that names both revisions; looking records nothing.
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

    other = {"INTERLOCK_BUNDLE": str(PERMISSIVE)}
    review = ["review", str(contract), "--as", "ana"]
    assert command(used, *review, **other).code == 4
    put = command(used, "policy", "activate", "--json", **other)
    assert put.value == {"previous": ours, "revision": theirs}
    for _ in range(2):
        command(used, *review, **other)
    after = [body for body in events(used, command) if body not in before]
    [activated] = [body for body in after if body["event"] == "policy_activated"]
    started = [body for body in after if body["event"] == "run_started"]

    assert (activated["previous"], activated["revision"]) == (ours, theirs)
    assert [body["revision"] for body in started] == [theirs, theirs]
    assert activated["at"] <= started[0]["at"]
    assert command(used, "audit", "verify").code == 0


def test_a_run_of_another_policy_is_listed_and_pinned_anew(
    used: Path, tmp_path: Path, command: Command
) -> None:
    """A policy upgrade leaves a waiting run waiting; the list says that it is to be pinned anew,
    as it does where anything else differs that the run is pinned to, and pinned anew it asks anew.
    """
    overlay = tmp_path / "policies"
    overlay.mkdir()
    (overlay / "data.yaml").write_text("limits: {refusals: 4}\n", "utf-8")
    changed = {"INTERLOCK_POLICIES": str(overlay)}
    [before] = command(used, "run", "list", "--json", **changed).value
    shown = command(used, "run", "list", **changed).out
    run = before["run_id"]
    refused = command(used, "run", "resume", run, "--json", "--as", "ana", **changed)
    [waits] = command(used, "run", "list", "--json", **changed).value
    every = ["--all", "--revision", before["revision"]]
    pinned = command(used, "run", "repin", *every, "--json", **changed)
    [after] = command(used, "run", "list", "--json", **changed).value
    resumed = command(used, "run", "resume", run, "--json", "--as", "ana", **changed)

    [moved] = command(
        used, "run", "list", "--json", **changed, INTERLOCK_SENDER="b@example.com"
    ).value

    assert (before["needs_repin"], after["needs_repin"]) == (True, False)
    assert moved["needs_repin"]
    assert "waiting (repin)" in shown
    assert (refused.code, waits["status"]) == (5, "waiting")
    assert json.loads(refused.err)["error"]["code"] == "another_policy"
    assert pinned.value == {"repinned": [run], "refused": {}}
    assert (resumed.code, len(resumed.value["waiting"])) == (3, 1)
    assert command(used, "run", "repin", run, **changed).code == 2
