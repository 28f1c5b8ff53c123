"""`interlock approvals claim` to `edit`: each is done in a person's name, and shown as a step."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
PEOPLE = """
people:
- {id: ana, roles: [analyst]}
- {id: rhea, roles: [reviewer]}
- {id: rolf, roles: [reviewer]}
"""


def test_what_people_do_about_an_approval(
    used: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim, a question and so on are steps that `show` names with who, whom and the words; an
    edit that is no JSON or changes nothing is refused, one that does rejects and tells the agent.
    """
    (used / "people.yaml").write_text(PEOPLE, "utf-8")
    (listed,) = command(used, "approvals", "list", "--json").value
    approval = listed["id"]

    def does(what: str, *words: str, by: str) -> Any:
        return command(used, "approvals", what, approval, *words, "--as", by, "--json")

    claimed = does("claim", by="rhea")
    taken = does("claim", by="rolf")
    does("release", by="rhea")
    does("ask", "--note", "Whose is it?", by="rhea")
    stranger = does("answer", "--note", "No idea.", by="rolf")
    does("answer", "--note", "Our counsel's.", by="ana")
    does("delegate", "rolf", "--note", "knows him", by="rhea")
    does("escalate", "administrator", "--note", "large", by="rolf")
    whole = command(used, "approvals", "show", approval, "--json").value
    (used / "people.yaml").write_text(
        PEOPLE + "- {id: root, roles: [administrator]}\n", "utf-8"
    )
    asked = whole["evidence"]["arguments"]
    better = asked | {"subject": "Reviewed"}
    same, other, twice = (used / name for name in ("same", "other", "twice"))
    same.write_text(json.dumps(asked), "utf-8")
    other.write_text("[1]", "utf-8")
    twice.write_text('{"to": [], "to": ["x@example.com"]}', "utf-8")
    bad = [
        does("edit", str(path), "--note", "shorter", by="root")
        for path in (same, other, twice, used / "none")
    ]
    content = io.TextIOWrapper(io.BytesIO(json.dumps(better).encode()))
    monkeypatch.setattr(sys, "stdin", content)
    edited = does("edit", "-", "--note", "shorter", by="root")
    text = command(used, "approvals", "show", approval).out

    assert claimed.value["step"]["kind"] == "claimed"
    assert claimed.value["step"]["until"] > claimed.value["step"]["at"]
    assert [ran.code for ran in (taken, stranger, *bad)] == [2, 4, 2, 2, 2, 2]
    assert "already_claimed" in taken.err
    assert "same_arguments" in bad[0].err
    assert [step["kind"] for step in whole["steps"]] == [
        "claimed",
        "released",
        "asked",
        "answered",
        "delegated",
        "escalated",
    ]
    assert (edited.code, edited.value["state"]) == (0, "rejected")
    assert edited.value["step"]["proposal"] == better
    for line in (
        "rhea asked back: Whose is it?",
        "ana answered: Our counsel's.",
        "rhea asked rolf: knows him",
        "rolf passed it up to administrator: large",
        "would agree to subject = Reviewed",
    ):
        assert line in text
    assert command(used, "audit", "verify", "--json").value["valid"]
