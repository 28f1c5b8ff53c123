"""A list on the command line that is cut says so."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interlock.serving.home import opened
from interlock.serving.workspace import open_workspace

Command = Callable[..., Any]


@pytest.fixture
def busy(home: Path) -> Path:
    """A home in which three runs have begun."""
    settings = open_workspace({}, chosen={"home": str(home)}).settings

    async def begin() -> None:
        async with opened(settings) as opening:
            for number in range(3):
                await opening.start(path=Path(f"/{number}"), notify=[], person="ana")

    asyncio.run(begin())
    return home


@pytest.mark.parametrize("listing", [("run", "list"), ("budget", "show")])
def test_a_list_that_is_cut_says_so(
    busy: Path, command: Command, listing: tuple[str, str]
) -> None:
    """A list with more than its limit says on standard error that there is more; else nothing."""
    cut = command(busy, "--quiet", *listing, "--limit", "2", "--json")
    whole = command(busy, *listing, "--limit", "3", "--json")

    assert (len(cut.value), len(whole.value)) == (2, 3)
    assert "--limit 20" in cut.err
    assert whole.err == ""
