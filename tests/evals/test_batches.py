"""A batch whose worker is killed, sampled; `python -m interlock.evals.batches` runs a large one."""

import json

import pytest

from interlock.evals.batches.__main__ import main

_CONTRACTS = 4


def test_each_contract_of_a_killed_batch_is_reviewed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each has one record and one report, and the job spent what its documents spent."""
    size = ("--contracts", f"{_CONTRACTS}", "--kills", "1", "--workers", "1")
    code = main(["--own", *size, "--json"])
    report = json.loads(capsys.readouterr().out)

    assert code == 0, report
    assert report["kills"] == 1
    assert report["statuses"] == {"done": _CONTRACTS}
    assert report["spent"] == report["spent_by_items"]
    assert report["spent"]["tokens"] > 0


def test_each_contract_of_a_batch_without_budget_is_reviewed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its runs are held until somebody raises the budget, also where the raise or the worker is
    killed: there are two effects of each, and no third.
    """
    size = ("--contracts", "3", "--kills", "1", "--workers", "1", "--step", "2")
    code = main(["--own", *size, "--json"])
    report = json.loads(capsys.readouterr().out)

    assert code == 0, report
    assert report["kills"] == 1
    assert report["raises"] >= 2
    assert report["statuses"] == {"done": 3}
    assert report["spent"]["effects"] == report["spent_by_items"]["effects"] == 6
