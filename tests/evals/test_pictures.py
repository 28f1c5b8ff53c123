"""Hostile PDFs, sampled; `python -m interlock.evals.pictures` tries the whole corpus."""

import json

import pytest

from interlock.evals.pictures.__main__ import main

#: By name, what becomes of the picture and of the text
WANTED = {
    "actions": ("drawn", "read"),
    "truncated": ("damaged", "malformed"),
    "deflated_twice": ("damaged", "archive_bomb"),
}


def test_a_hostile_pdf_ends_in_one_code_and_nothing_is_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Actions of a page are not done, and what is broken or swells is refused by its code, in time,
    while a sound file is drawn as before.
    """
    wanted = [part for name in WANTED for part in ("--only", name)]
    code = main(["--json", *wanted])
    reports = json.loads(capsys.readouterr().out)

    assert code == 0, reports
    assert {
        report["name"]: (report["picture"], report["text"]) for report in reports
    } == WANTED
