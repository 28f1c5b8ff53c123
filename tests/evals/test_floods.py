"""A hostile planner, sampled; `python -m interlock.evals.floods` proposes more."""

import json

import pytest

from interlock.evals.floods.__main__ import main
from interlock.runtime.policy.bounds import ORDINARY

_CALLS = 300


def test_a_hostile_planner_floods_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is proposed, every run ends or waits, and only so many questions wait."""
    code = main(["--calls", f"{_CALLS}", "--json"])
    report = json.loads(capsys.readouterr().out)

    assert code == 0, report
    assert report["proposed"] >= _CALLS
    assert set(report["statuses"]) <= {"done", "failed", "waiting"}
    assert 0 < report["open_of_run"] <= ORDINARY.open_of_run
    assert report["open_of_tenant"] <= ORDINARY.open_of_tenant
