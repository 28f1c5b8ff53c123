"""Files that a command leaves where a person names them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

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
        raise BadInput(
            what=str(file),
            why=error.strerror or "it cannot be written",
            next_step="Name a new file.",
        ) from error
