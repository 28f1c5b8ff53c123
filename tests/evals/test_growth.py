"""The measurements of a growing home measure what was made."""

from pathlib import Path

from interlock.evals.growth.home import filled, inside
from interlock.evals.growth.ledger import measured


async def test_the_record_grows_to_the_size_that_is_measured(tmp_path: Path) -> None:
    """Entries are appended up to the size, and all of them are verified."""
    for size in (60, 90):
        appended = await measured("append", tmp_path, size)
        verified = await measured("verify", tmp_path, size)

        assert min(*appended.values(), *verified.values()) > 0


async def test_every_list_of_a_full_home_is_measured(tmp_path: Path) -> None:
    """The home has its runs, some of which wait for a person, and each list has a figure."""
    await filled(tmp_path, 3)
    figures = await inside(tmp_path)

    assert len(figures) == 6
    assert min(figures.values()) > 0
