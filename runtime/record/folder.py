"""Folders whose names survive a loss of power."""

import os
from pathlib import Path


def make_durable(folder: Path) -> None:
    """Make the names in *folder*, and its own name, survive a loss of power; raises OSError."""
    for place in (folder, folder.parent):
        handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
