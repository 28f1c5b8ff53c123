"""A hostile planner, sampled; `python -m interlock.evals.floods` proposes more."""

import json

import pytest

from interlock.evals.floods.__main__ import main
from interlock.evals.floods.flood import SHAPES
from interlock.runtime.policy.bounds import ORDINARY

_CALLS = 300


@pytest.mark.parametrize("shape", SHAPES)
def test_a_hostile_planner_floods_nobody(
    capsys: pytest.CaptureFixture[str], shape: str
) -> None:
    """Whatever is proposed, every run ends or waits, few questions wait, the disk stays free."""
    code = main(["--calls", f"{_CALLS}", "--shape", shape, "--json"])
    (report,) = json.loads(capsys.readouterr().out)

    assert code == 0, report
    assert report["proposed"] >= _CALLS
    assert set(report["statuses"]) <= {"failed", "waiting"}
    assert report["open_of_run"] <= ORDINARY.open_of_run
    assert report["open_of_tenant"] <= ORDINARY.open_of_tenant
    assert report["disk_mb"] <= 1 + _CALLS / 200
