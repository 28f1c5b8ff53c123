"""`interlock audit recover`: who may, what is said, and that an export works meanwhile."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]


def put_back(home: Path, older: Path) -> None:
    """Replace the database of *home* by an older one."""
    for path in home.glob("interlock.db*"):
        path.unlink()
    shutil.copyfile(older, home / "interlock.db")


def test_a_database_that_was_put_back_is_recovered_by_an_administrator(
    used: Path, tmp_path: Path, command: Command, contract: Path
) -> None:
    """Nothing acts before, everything that reads works; afterwards the gap is always named."""
    older = tmp_path / "older"
    shutil.copyfile(used / "interlock.db", older)
    approval = command(used, "approvals", "list", "--json").value[0]["id"]
    approve = ("approvals", "approve", approval, "--as", "rhea", "--note", "fine")
    assert command(used, *approve).code == 0
    put_back(used, older)
    refused = command(used, *approve, "--json")

    assert refused.code == 5
    assert "rolled_back" in refused.err
    assert command(used, "review", str(contract), "--as", "ana").code == 5
    assert command(used, "audit", "show").code == 0
    assert command(used, "run", "list").code == 0
    assert command(used, "audit", "export", str(tmp_path / "evidence")).code == 0
    recover = ("audit", "recover", "--note", "the disk was lost")
    assert command(used, *recover, "--as", "rhea").code == 4
    done = command(used, *recover, "--json").value
    assert (len(done["ended"]), len(done["unknown"])) == (1, 1)
    assert command(used, *recover).code == 2
    verified = command(used, "audit", "verify")
    assert verified.code == 3
    assert "valid, with a gap" in verified.out
    assert command(used, *approve).code == 2
    assert len(list((used / "outbox").glob("*.eml"))) == 1
    assert command(used, "audit", "verify", "--state").code == 3
