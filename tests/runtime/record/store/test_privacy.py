"""Who can read the files of a database: their owner, whatever the umask says."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.runtime.record.store import Store
from interlock.runtime.record.store.privacy import open_to_others


@pytest.fixture
def loose() -> Iterator[None]:
    """Let this process make files that everyone can read."""
    before = os.umask(0o000)
    yield
    os.umask(before)


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def _written(url: str, folder: Path) -> dict[str, int]:
    """Return the modes of the database's files while it is open."""
    store = Store.open(url)
    try:
        await store.write(lambda tx: tx.now)
        return _modes(folder)
    finally:
        store.close()


@pytest.mark.usefixtures("loose")
async def test_only_the_owner_reads_a_new_database(tmp_path: Path) -> None:
    """The database, its log and its shared memory have mode 0600 under any umask."""
    modes = await _written(f"sqlite:///{tmp_path / 'i.db'}", tmp_path)

    assert modes == {"i.db": 0o600, "i.db-wal": 0o600, "i.db-shm": 0o600}


@pytest.mark.usefixtures("loose")
async def test_the_owner_takes_back_what_others_could_read(tmp_path: Path) -> None:
    """A database of ours that others could read is ours alone once it was opened."""
    file = tmp_path / "i.db"
    await _written(f"sqlite:///{file}", tmp_path)
    file.chmod(0o644)
    assert open_to_others(file) == [file]

    modes = await _written(f"sqlite:///{file}", tmp_path)

    assert set(modes.values()) == {0o600}
    assert open_to_others(file) == []
