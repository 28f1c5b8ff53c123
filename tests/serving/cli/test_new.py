"""What `interlock new` writes passes its own tests and is in force under the real policy."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.errors import BadInput
from interlock.serving.scaffold import scaffold


@pytest.fixture
def workspace(tmp_path: Path, programs: Any) -> Path:
    """A new workspace."""
    done = programs.run("interlock", "new", "workspace", "notes", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path / "notes"


def _json(done: Any) -> Any:
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_everything_that_is_new_passes(workspace: Path, programs: Any) -> None:
    """An agent, a tool and a rule of a new workspace are tested, checked, built and verified."""
    run = partial(programs.run, "interlock", folder=workspace)
    for kind, name in (
        ("agent", "second"),
        ("tool", "memo.keep"),
        ("rule", "few_tokens"),
    ):
        assert run("new", kind, name).returncode == 0

    assert _json(run("policy", "check", "--json")) == []
    built = _json(run("policy", "build", "-o", "served.tar.gz", "--json"))
    assert (workspace / "served.tar.gz").exists()
    assert all(test["ok"] for test in _json(run("policy", "test", "--json")))
    assert _json(run("policy", "sync", "--json")) == {}
    findings = _json(run("verify", "--json"))
    assert [finding for finding in findings if not finding["ok"]] == []
    assert len(built["revision"]) == 64
    tests = programs.run(
        "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", folder=workspace
    )
    assert tests.returncode == 0, tests.stdout


@pytest.mark.parametrize("name", ["", "Notes", "a-b", "../up", "a.b", "1a", "a/b"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """A name becomes a module, a role and a package of Rego: nothing is written for another."""
    with pytest.raises(BadInput):
        scaffold("rule", name, tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_not_overwritten(tmp_path: Path) -> None:
    """A second rule of the same name leaves the first as it is."""
    first, _ = scaffold("rule", "few", tmp_path)
    first.write_text("mine")
    with pytest.raises(BadInput):
        scaffold("rule", "few", tmp_path)

    assert first.read_text() == "mine"
