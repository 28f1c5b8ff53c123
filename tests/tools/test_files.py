"""Files of the home: whole or not there, durable with their names, and for their owner alone."""

import os
import stat
from pathlib import Path

import pytest

from interlock.tools import files
from interlock.tools.files import NotSynced


def modes(folder: Path) -> dict[str, str]:
    """Return the mode of everything in a folder."""
    return {
        str(path.relative_to(folder)): oct(stat.S_IMODE(path.stat().st_mode))
        for path in folder.rglob("*")
    }


@pytest.fixture
def synced(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> list[tuple[str, list[str]]]:
    """What was made durable, in order, each with the files that were there at that moment."""
    seen: list[tuple[str, list[str]]] = []
    fsync = os.fsync

    def watched(handle: int) -> None:
        held = os.fstat(handle)
        every = [tmp_path, *sorted(tmp_path.rglob("*"))]
        (one,) = [path for path in every if os.path.samestat(path.stat(), held)]
        names = [str(path.relative_to(tmp_path)) for path in every if path.is_file()]
        seen.append((str(one.relative_to(tmp_path)), names))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    return seen


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
def test_a_file_is_its_owners_alone(tmp_path: Path, umask: int) -> None:
    """Whatever the umask, nobody else reads the file or looks into the folders that were made for
    it.
    """
    before = os.umask(umask)
    try:
        files.write(tmp_path / "reports" / "run-1" / "a.html", b"x")
    finally:
        os.umask(before)

    assert modes(tmp_path) == {
        "reports": "0o700",
        "reports/run-1": "0o700",
        "reports/run-1/a.html": "0o600",
    }


def test_a_file_is_durable_with_its_name(
    tmp_path: Path, synced: list[tuple[str, list[str]]]
) -> None:
    """The content is durable before the file has its name, and the name, like each new folder's,
    before the call returns.
    """
    files.write(tmp_path / "reports" / "run-1" / "a.html", b"x")

    temporary = synced[2][0]
    assert temporary.startswith("reports/run-1/.a.html.")
    assert synced == [
        (".", []),
        ("reports", []),
        (temporary, [temporary]),
        ("reports/run-1", ["reports/run-1/a.html"]),
    ]


def test_of_two_who_write_at_once_each_writes_a_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes between another's writing and renaming takes nothing from the other, the last
    one replaces the file, and nothing is left beside the file.
    """
    fsync = os.fsync
    between = [b"second"]

    def interrupted(handle: int) -> None:
        if between:
            files.write(tmp_path / "a.html", between.pop())
        fsync(handle)

    monkeypatch.setattr(os, "fsync", interrupted)
    files.write(tmp_path / "a.html", b"first")

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        ("a.html", b"first")
    ]


def test_what_cannot_be_written_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full is an error, and neither the file nor what is beside it changes."""
    files.write(tmp_path / "a.html", b"x")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write(tmp_path / "a.html", b"y")

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        ("a.html", b"x")
    ]


def test_a_name_that_may_not_last_is_no_certain_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When only the name cannot be made durable the file is there, so the error is not the one of a
    file that is not.
    """
    fsync = os.fsync

    def broken(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(5, "Input/output error")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(NotSynced, match="Input/output error") as raised:
        files.write(tmp_path / "a.html", b"x")

    assert not isinstance(raised.value, OSError)
    assert (tmp_path / "a.html").read_bytes() == b"x"
