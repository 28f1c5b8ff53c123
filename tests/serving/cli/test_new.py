"""What `interlock new` writes passes its own tests and is in force under the real policy."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.errors import BadInput
from interlock.serving.scaffold import scaffold


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A new workspace."""
    done = _run(tmp_path, "new", "workspace", "notes")
    assert done.returncode == 0, done.stderr
    return tmp_path / "notes"


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    main = "from interlock.serving.cli import main; main()"
    return _python(folder, "-c", main, *arguments)


def _python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )


def _json(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_everything_that_is_new_passes(workspace: Path) -> None:
    """An agent, a tool and a rule of a new workspace are tested, checked, built and verified."""
    for kind, name in (
        ("agent", "second"),
        ("tool", "memo.keep"),
        ("rule", "few_tokens"),
    ):
        assert _run(workspace, "new", kind, name).returncode == 0

    assert _json(_run(workspace, "policy", "check", "--json")) == []
    built = _json(_run(workspace, "policy", "build", "-o", "served.tar.gz", "--json"))
    assert (workspace / "served.tar.gz").exists()
    assert all(
        test["ok"] for test in _json(_run(workspace, "policy", "test", "--json"))
    )
    assert _json(_run(workspace, "policy", "sync", "--json")) == {}
    findings = _json(_run(workspace, "verify", "--json"))
    assert [finding for finding in findings if not finding["ok"]] == []
    assert len(built["revision"]) == 64
    tests = _python(workspace, "-m", "pytest", "-q", "-p", "no:cacheprovider")
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
