"""`interlock approvals approve --job`: what a job asks for is shown as one, and decided as one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]
PEOPLE = """
people:
- {id: ana, roles: [analyst, administrator]}
- {id: rhea, roles: [reviewer]}
"""
TERMS = "Bob shall host the site of Ann. Either party may end this with a notice of a month."


def test_a_job_is_approved_together(tmp_path: Path, command: Command) -> None:
    """Nobody is asked without a terminal, every value to be used is shown, other evidence is
    refused, a yes is given to all that was shown, and the workers then carry the runs on.
    """
    home = tmp_path / "home"
    folder = tmp_path / "contracts"
    for path in (home, folder):
        path.mkdir()
    (home / "people.yaml").write_text(PEOPLE, "utf-8")
    for name in ("a", "b"):
        text = f"SERVICE AGREEMENT {name} between Ann Ltd and Bob Ltd. {TERMS}"
        (folder / f"{name}.txt").write_text(text, "utf-8")
    submitting = ("--agent", "contract_review", "--set", 'notify=["l@example.com"]')
    job = command(
        home,
        "batch",
        "submit",
        str(folder),
        *submitting,
        "--yes",
        "--as",
        "ana",
        "--json",
    ).value["job"]
    command(home, "worker", "--until-idle", "--as", "ana")
    approve = ("approvals", "approve", "--job", job, "--as", "rhea", "--note", "read")
    unasked = command(home, *approve)
    other = command(home, *approve, "--yes", "--evidence", "0" * 64)
    none = command(home, *approve, "--yes", "--tool", "records.file")
    approved = command(home, *approve, "--yes", "--json")
    both = command(
        home, "approvals", "approve", "apr-1", "--job", job, "--note", "read"
    )
    command(home, "worker", "--until-idle", "--as", "ana")

    assert (unasked.code, other.code, none.code, both.code) == (2, 2, 2, 2)
    assert "2 x mail.send (irreversible)" in unasked.out
    assert approved.code == 0
    assert approved.value["count"] == 2
    assert '["l@example.com"]' in unasked.out
    values = approved.value["values"]
    assert [one["value"] for one in values["to"]] == [["l@example.com"]]
    assert [len(one["approvals"]) for one in values["subject"]] == [1, 1]
    assert len(list(home.glob("outbox/*.eml"))) == 2
