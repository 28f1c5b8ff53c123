"""Files of the home: whole, durable, and nobody's but their owner's."""

import os
import secrets
from pathlib import Path
from typing import Final

_FILE: Final = 0o600
_FOLDER: Final = 0o700


class NotSynced(Exception):
    """A file was written, but might not survive a power cut."""

    def __init__(self, *, folder: Path, why: str) -> None:
        self.folder = folder
        self.why = why
        super().__init__(
            f"{folder} could not be made durable: {why}. "
            "Check the disk, then look whether the file is there."
        )


def write(path: Path, content: bytes) -> None:
    """Put *content* at *path*, whole or not at all; after the return the file survives a power cut.

    Who writes at the same time uses another temporary name; one that a crash left behind begins
    with a dot and ends with 16 digits. The file, and each folder that has to be made, is for its
    owner alone; a folder that exists keeps its mode. Raises OSError when the file is what it was
    before, and `NotSynced` when the
    file is the new one but might not survive a power cut.
    """
    _folder(path.parent)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(temporary, new, _FILE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Make the names in *folder* durable; raises `NotSynced`."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise NotSynced(folder=folder, why=str(error.strerror)) from error


def _folder(path: Path) -> None:
    if path.is_dir():
        return
    _folder(path.parent)
    path.mkdir(mode=_FOLDER, exist_ok=True)
    sync(path.parent)
