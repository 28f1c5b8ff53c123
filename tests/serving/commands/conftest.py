"""The run of a home with one review whose mail waits."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def run_id(reviewed: Path, command: Command) -> str:
    """The one run of the home."""
    (run,) = command(reviewed, "run", "list", "--json").value
    return str(run["run_id"])
