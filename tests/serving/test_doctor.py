"""The doctor: green on a sound home, red and specific on whatever is broken."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.policy.engine.archive import pack
from interlock.runtime.policy.engine.bundle import load, revised
from interlock.serving.settings import BUNDLE

Command = Callable[..., Any]
PERMISSIVE = (
    Path(__file__).resolve().parents[2] / "evals" / "data" / "permissive.tar.gz"
)


def wrong(ran: Any) -> dict[str, str]:
    """Return each check that is red, and what it says."""
    return {each["check"]: each["detail"] for each in ran.value if not each["ok"]}


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what `verify` adds to the doctor's own looks, which has tests of its own."""

    async def nothing(_: object) -> list[object]:
        return []

    monkeypatch.setattr("interlock.serving.verification.installation.verify", nothing)


@pytest.fixture
def lenient(tmp_path: Path) -> Path:
    """A bundle with the data that is shipped, under rules that grant everything."""
    grants_all = load(PERMISSIVE)
    config = load(BUNDLE).data["rails"]["config"]
    data = {**grants_all.data, "rails": {**grants_all.data["rails"], "config": config}}
    path = tmp_path / "lenient.tar.gz"
    path.write_bytes(pack(revised(grants_all.files, data).files))
    return path


def test_a_policy_that_answers_wrongly_is_red(
    reviewed: Path, command: Command, lenient: Path
) -> None:
    """A policy that permits what must be denied is found by its answers, rule by rule."""
    ran = command(reviewed, "doctor", "--json", INTERLOCK_BUNDLE=str(lenient))

    assert ran.code == 5
    assert "permit (rails/granted) instead of wait" in wrong(ran)["rule action_class"]
    assert (
        "permit (rails/granted) instead of deny (kill_switch/killed)"
        in wrong(ran)["rule kill_switch"]
    )
    assert (
        "permit (rails/granted) instead of deny (tool_limits/unknown_tool)"
        in wrong(ran)["rule tool_limits"]
    )


def test_a_policy_without_data_proves_nothing(reviewed: Path, command: Command) -> None:
    """Where the policy names no tool there is nothing to try a rule with: every rule is red."""
    ran = command(reviewed, "doctor", "--json", INTERLOCK_BUNDLE=str(PERMISSIVE))
    rules = {each["check"] for each in ran.value if each["check"].startswith("rule ")}

    assert ran.code == 5
    assert rules
    assert rules <= wrong(ran).keys()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
@pytest.mark.usefixtures("alone")
def test_a_key_that_others_can_read_is_red(
    used: Path, command: Command, mode: int
) -> None:
    """A key file that anyone but its owner can read or change is named."""
    (used / "keys" / "master.key").chmod(mode)
    ran = command(used, "doctor", "--json")

    assert ran.code == 5
    assert "master.key" in wrong(ran)["keys"]


def test_a_tampered_ledger_is_red(used: Path, command: Command) -> None:
    """A ledger that is not as it was signed is red, with the entry: the home does not open."""
    with closing(sqlite3.connect(used / "interlock.db")) as connection, connection:
        connection.execute(
            "UPDATE ledger_entry SET event = 'other' WHERE seq = 2 AND log = 'default'"
        )
    ran = command(used, "doctor", "--json")

    assert ran.code == 5
    assert wrong(ran)["open"].startswith("log default, entry 2: moved_entry")


@pytest.mark.usefixtures("alone")
def test_unreadable_people_are_red(used: Path, command: Command) -> None:
    """A people.yaml that cannot be used is red and does not hide the other checks."""
    (used / "people.yaml").write_text("people: 7", "utf-8")
    ran = command(used, "doctor", "--json")

    assert ran.code == 5
    assert list(wrong(ran)) == ["people"]
    assert len(ran.value) > 5


def test_a_home_that_does_not_open_is_red(home: Path, command: Command) -> None:
    """When the home cannot even be opened, that is the one finding."""
    (home / "interlock.db").mkdir()
    ran = command(home, "doctor", "--json")

    assert ran.code == 5
    assert list(wrong(ran)) == ["open"]


@pytest.mark.usefixtures("alone")
def test_variables_that_libraries_obey_are_told(used: Path, command: Command) -> None:
    """Each is named with what becomes of it, and one that is refused is the one finding."""
    ran = command(used, "doctor", "--json", PGHOST="db")
    says = {each["check"]: each["detail"] for each in ran.value}["environment"]
    stopped = command(used, "doctor", "--json", LANGSMITH_TRACING="true")

    assert "PGHOST is obeyed" in says
    assert stopped.code == 5
    assert "LANGSMITH_TRACING" in wrong(stopped)["open"]


@pytest.mark.usefixtures("alone")
def test_an_engaged_switch_is_red(used: Path, command: Command) -> None:
    """While a switch denies every run, the installation is not called well; the switch is named."""
    assert command(used, "kill", "engage", "all").code == 0
    report = command(used, "doctor", "--json")
    findings = {finding["check"]: finding for finding in report.value}

    assert report.code == 5
    assert findings["kill switches"]["ok"] is False
