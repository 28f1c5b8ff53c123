"""Races of a kill switch and an effect, sampled; `python -m interlock.evals.races` runs more."""

import json

import pytest

from interlock.evals.races.__main__ import main

_RACES = 40


def test_no_effect_begins_after_its_switch_was_acknowledged(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of many races none passes the switch, and switches and intents have one order."""
    code = main(["--database", database_url, "--races", f"{_RACES}", "--json"])
    report = json.loads(capsys.readouterr().out)

    assert code == 0, report
    assert report["races"] == _RACES
    assert 0 < report["effects"] < _RACES
    assert (report["after_acknowledgement"], report["problems"]) == (0, {})
