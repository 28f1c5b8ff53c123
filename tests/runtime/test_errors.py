"""Errors: what a process tells another of why it stopped."""

import pickle

import pytest

from interlock.runtime.errors import (
    BadInput,
    GuardFailed,
    InterlockError,
    NotFound,
    Unanswered,
)


@pytest.mark.parametrize(
    "error",
    [
        BadInput(
            what="a file", why="it is empty", next_step="Name another.", code="ended"
        ),
        GuardFailed(guard="a disk", why="it is full", next_step="Make room."),
        NotFound(kind="run", name="r-1", next_step="List the runs."),
        Unanswered(run_id="r-1", tool="mail.send", codes=("pdp_timeout",), why="late"),
    ],
)
def test_another_process_is_told_the_whole_error(error: InterlockError) -> None:
    """Data, message and code pass from a worker to whoever started the worker, and so do notes."""
    error.add_note("while a trial was carried out")
    told = pickle.loads(pickle.dumps(error))  # noqa: S301 - written a moment ago

    assert type(told) is type(error)
    assert (str(told), told.code, told.args) == (str(error), error.code, error.args)
    assert vars(told) == vars(error)
