"""Reviewers by script: one that reads catches every canary, one that always approves none."""

from pathlib import Path

from interlock.evals.reviewers.trial import attempt


async def test_who_reads_catches_what_who_always_approves_misses(
    tmp_path: Path,
) -> None:
    """Through the pages as they are, a script that compares what is shown catches the canaries, and
    one that always approves misses them, is told so, and may approve no more.
    """
    outcome = await attempt(tmp_path, work=2, canaries=8, seed=7)

    assert outcome.held, outcome
