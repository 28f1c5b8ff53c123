"""Orders to whoever serves a model, and the lock by which everybody sees whether somebody does.

Both are files of the home, so an order is heard by the process that it is meant for, and by no
other that has its number.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from pydantic import Field, ValidationError

from interlock.runtime.door.tool import Value
from interlock.runtime.errors import BadInput
from interlock.tools import files
from interlock.tools.models.replicas import place

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


class Order(Value):
    """Drain and stop one replica, or all of them."""

    #: None stands for all
    replica: int | None = Field(default=None, ge=0)


@contextmanager
def serving(home: Path, model: str) -> Iterator[None]:
    """Hold the lock of *model* for the block; raises `BadInput` ("in_use") where another has it."""
    handle = _opened(home, model)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BadInput(
                code="in_use",
                what=f"model {model!r}",
                why="another process serves it for this home",
                next_step=f"Look with `interlock models status {model}`.",
            ) from error
        yield
    finally:
        os.close(handle)


def is_served(home: Path, model: str) -> bool:
    """Whether a process serves *model* for the home now."""
    if not _lock(home, model).exists():
        return False
    handle = _opened(home, model)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)


def give(home: Path, model: str, order: Order) -> None:
    """Leave an order for whoever serves *model*; an order that was not heard yet is replaced."""
    files.write(_orders(home, model), order.model_dump_json().encode())


def heard(home: Path, model: str) -> Order | None:
    """Take the order that was left, or None where there is none; one that is none is dropped."""
    file = _orders(home, model)
    try:
        content = file.read_bytes()
        file.unlink()
        return Order.model_validate_json(content)
    except (OSError, ValidationError):
        return None


def forget(home: Path, model: str) -> None:
    """Drop an order that was meant for somebody before."""
    with suppress(FileNotFoundError):
        _orders(home, model).unlink()


def _opened(home: Path, model: str) -> int:
    lock = _lock(home, model)
    lock.parent.mkdir(
        mode=_FOLDER_MODE,
        parents=True,
        exist_ok=True,
    )
    return os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)


def _lock(home: Path, model: str) -> Path:
    return place(home, model).with_suffix(".lock")


def _orders(home: Path, model: str) -> Path:
    return place(home, model).with_suffix(".order")
