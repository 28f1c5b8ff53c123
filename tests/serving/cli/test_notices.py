"""What the command line shows of the product's own log."""

import logging

import pytest

from interlock.serving.cli import session


def test_a_notice_is_inert_and_ours(capsys: pytest.CaptureFixture[str]) -> None:
    """What a person has to know is one line of ours, in which nothing acts on the terminal; what a
    library says of itself is not said in our name.
    """
    session.begin()
    session.begin()
    logging.getLogger("interlock.runtime.probe").warning(
        "waiting for %s", "\x1b[31mx\ny"
    )
    logging.getLogger("library").warning("words of a library")
    lines = capsys.readouterr().err.splitlines()

    assert [line for line in lines if line.startswith("interlock: ")] == lines[:1]
    assert len([line for line in lines if "waiting for" in line]) == 1
    assert "\x1b" not in lines[0]
    assert "y" in lines[0]
