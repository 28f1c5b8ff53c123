"""A world on each kind of database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interlock.runtime.testing import World


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path / "home", url=database_url) as made:
        yield made
