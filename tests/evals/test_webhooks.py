"""Webhooks under kills, sampled; `python -m interlock.evals.webhooks` kills more often."""

import json

import pytest

from interlock.evals.webhooks.__main__ import main


def test_a_killed_courier_tells_everything_under_one_id(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The receiver is told of every run, signed, and never of one under two ids."""
    code = main(["--events", "12", "--kills", "1", "--json"])
    report = json.loads(capsys.readouterr().out)

    assert code == 0, report
    assert report["told"] == 12
    assert report["kills"] == 1
