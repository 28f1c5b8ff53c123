"""Files that a command leaves where a person names them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import IO, BinaryIO, Self

from interlock.runtime.errors import BadInput


def write_new(file: Path, content: str | bytes) -> None:
    """Write a file that is not there yet; text is written as UTF-8, its lines as they are.

    Raises `BadInput` naming the file when it is there or cannot be written: nothing that stood
    there is lost.
    """
    data = content.encode() if isinstance(content, str) else content
    with new_file(file) as target:
        target.write(data)


@contextmanager
def new_file(file: Path) -> Iterator[IO[bytes]]:
    """Yield a file that is not there yet, to be written; of a file that fails nothing is left.

    Raises `BadInput` as `write_new` does.
    """
    try:
        with file.open("xb") as target:
            try:
                yield target
            except BaseException:
                file.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise _refused(file, error) from error


class NewLines:
    """A file that is not there yet, written line by line, so its size is no matter.

    The first line makes the file; a block that fails leaves none. Raises `BadInput` as `write_new`
    does, and ValueError for a line after the block: a thread may be left that still has some.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._target: BinaryIO | None = None
        self._is_over = False
        self._lock = Lock()

    def __enter__(self) -> Self:
        """Begin; there is no file yet."""
        return self

    def write(self, line: str) -> None:
        """Add a line of UTF-8; any thread may."""
        with self._lock:
            if self._is_over:
                raise ValueError("the block of the file is over")
            try:
                if self._target is None:
                    self._target = self._file.open("xb")
                self._target.write(line.encode() + b"\n")
            except OSError as error:
                raise _refused(self._file, error) from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file, and delete what was written where the block failed."""
        with self._lock:
            self._is_over = True
        if self._target is None:
            return
        try:
            self._target.close()
        except OSError as failure:
            self._file.unlink()
            raise _refused(self._file, failure) from failure
        if error is not None:
            self._file.unlink()


def _refused(file: Path, error: OSError) -> BadInput:
    return BadInput(
        what=str(file),
        why=error.strerror or "it cannot be written",
        next_step="Name a new file.",
    )
