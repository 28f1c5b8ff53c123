"""Spending, sampled; `python -m interlock.evals.spending` has more spenders and more kills."""

import json

import pytest

from interlock.evals.spending.__main__ import main


def test_no_spender_gets_past_a_limit_at_any_level(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two processes spend and one is killed: every level refuses in time, and the sums agree."""
    sizes = ["--spenders", "8", "--processes", "2", "--kills", "1"]
    code = main([*sizes, "--database", database_url, "--json"])
    report = json.loads(capsys.readouterr().out)

    assert code == 0, report
    assert report["kills"] == 1
    assert report["overshoot"] == {"run": 0, "job": 0, "tenant": 0}
    assert 0 < report["spent"] <= report["answered"] * 11
