"""Files that a command leaves where a person names them."""

from pathlib import Path

from interlock.runtime.errors import BadInput


def write_new(file: Path, content: str | bytes) -> None:
    """Write a file that is not there yet; text is written as UTF-8, its lines as they are.

    Raises `BadInput` naming the file when it is there or cannot be written: nothing that stood
    there is lost.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        with file.open("xb") as target:
            target.write(data)
    except OSError as error:
        raise BadInput(
            what=str(file),
            why=error.strerror or "it cannot be written",
            next_step="Name a new file.",
        ) from error
