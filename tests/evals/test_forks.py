"""Stale writers, sampled; `python -m interlock.evals.forks` lets them try more often."""

import json

import pytest

from interlock.evals.forks import main


def test_no_stale_writer_saves_beside_the_rightful_one(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two processes take runs from each other: of each run there is one line of checkpoints."""
    code = main(["--attempts", "300", "--database", database_url, "--json"])
    report = json.loads(capsys.readouterr().out)

    assert code == 0, report
    assert report["forks"] == 0
    assert database_url.startswith(report["database"])
    assert report["attempts"] == report["accepted"] + report["refused"] >= 300
    assert report["accepted"] > 0
