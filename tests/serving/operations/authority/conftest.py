"""An open home."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interlock.serving.home import Home, opened
from interlock.serving.workspace import open_workspace


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """A new home with the shipped policy."""
    settings = open_workspace({}, chosen={"home": str(tmp_path)}).settings
    async with opened(settings) as home:
        yield home
