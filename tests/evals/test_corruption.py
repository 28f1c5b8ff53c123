"""Damaged databases, sampled; `python -m interlock.evals.corruption` damages more."""

import json

import pytest

from interlock.evals.corruption.__main__ import main

_TRIALS = 10


def test_nothing_is_done_on_a_database_that_the_verifier_calls_broken(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever is damaged, the approved mail is sent only where the verifier finds nothing."""
    code = main(["--trials", f"{_TRIALS}", "--seed", "7", "--json"])
    report = json.loads(capsys.readouterr().out)

    assert code == 0, report
    assert report["trials"] == _TRIALS
    assert 0 < report["broken"] < _TRIALS
    assert report["sent"] > 0
    assert (report["sent_on_broken"], report["untyped"]) == ([], [])
