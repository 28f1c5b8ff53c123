"""Which OPA is used, and which is refused."""

from pathlib import Path

import pytest

from interlock.serving.policy.opa import Opa, OpaRefused, OpaUnavailable, find_opa


def _program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without OPA."""
    monkeypatch.delenv("INTERLOCK_OPA", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr("sys.prefix", str(tmp_path / "venv"))
    return tmp_path


def test_no_opa_is_an_error_that_says_what_to_do(empty: Path) -> None:
    """Without OPA nothing is built; the error names the setting."""
    assert empty.exists()
    with pytest.raises(OpaUnavailable, match="INTERLOCK_OPA"):
        find_opa()


def test_the_named_one_then_the_environments_then_the_path(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearer an OPA is named to this project, the sooner it is taken."""
    on_path = _program(empty / "path" / "opa", "echo Version: 1.21.3")
    assert find_opa() == Opa(path=on_path, version="1.21.3")
    beside = _program(empty / "venv" / "bin" / "opa", "echo Version: 1.22.2")
    assert find_opa() == Opa(path=beside, version="1.22.2")
    named = _program(empty / "mine", "echo Version: 2.0.0")
    monkeypatch.setenv("INTERLOCK_OPA", str(named))
    assert find_opa() == Opa(path=named, version="2.0.0")


@pytest.mark.parametrize(
    "says",
    [
        "echo Version: 1.21.2",
        "echo Version: 0.70.0",
        "echo Version: 1.22.2-dev",
        "exit 1",
    ],
)
def test_an_opa_that_may_not_be_trusted_is_refused(
    empty: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    """An old or unreadable version is an error, even when another OPA would be at hand."""
    _program(empty / "path" / "opa", "echo Version: 1.22.2")
    monkeypatch.setenv("INTERLOCK_OPA", str(_program(empty / "mine", says)))
    with pytest.raises(OpaUnavailable):
        find_opa()


def test_a_named_opa_that_is_not_there_is_refused(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong setting is an error, not a reason to look elsewhere."""
    monkeypatch.setenv("INTERLOCK_OPA", str(empty / "nowhere"))
    with pytest.raises(OpaUnavailable, match="does not run"):
        find_opa()


def test_a_refusal_carries_opas_own_words(opa: Opa, tmp_path: Path) -> None:
    """What OPA says is wrong reaches the person who must correct it."""
    (tmp_path / "bad.rego").write_text("package bad\n\nallow if {")
    with pytest.raises(OpaRefused, match="rego_parse_error"):
        opa.run("check", tmp_path)
