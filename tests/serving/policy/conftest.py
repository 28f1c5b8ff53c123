"""A workspace to write policies in, and the requests that they are asked about."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from interlock.runtime.policy.engine.bundle import Bundle, load
from interlock.serving.policy.build import BUNDLES, POLICIES

#: Writes one file of the workspace's `policies/` and returns the folder
Written: TypeAlias = Callable[[str, str], Path]


@pytest.fixture(scope="session")
def shipped() -> Bundle:
    """The bundle that comes with Interlock."""
    return load(BUNDLES[POLICIES])


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Write a file below `policies/`."""
    folder = tmp_path / "policies"

    def write(name: str, text: str) -> Path:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return folder

    return write
