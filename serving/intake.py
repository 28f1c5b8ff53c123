"""What a person hands in for review: files, folders and standard input.

What cannot be a contract is refused before a run exists.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from interlock.runtime.errors import BadInput

#: The kinds of files that a folder is searched for
KINDS: Final = (".docx", ".pdf", ".txt")
LARGEST: Final = 25 * 1024 * 1024  # bytes of standard input, as of any document
FOLDER: Final = "intake"
_MAGIC: Final = {b"%PDF": ".pdf", b"PK\x03\x04": ".docx"}


def contracts(name: str) -> Iterator[Path]:
    """Yield the files that *name* stands for: the file, or every contract below the folder, sorted.

    Hidden files and folders are left out. Raises `BadInput` for what is not there, is no file, or
    holds no contract.
    """
    path = Path(name)
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if _is_contract(file, path))
        if not files:
            why = f"it holds no file that ends with {', '.join(KINDS)}"
            raise _refused(name, why, "Name a folder of contracts.")
        for file in files:
            yield file.absolute()
        return
    if "://" in name:
        raise _refused(
            name, "it is an address, and nothing is fetched", "Fetch the file first."
        )
    if not path.exists():
        raise _refused(name, "there is no such file", "Check the name.")
    if not path.is_file():
        raise _refused(
            name, "it is no file", "Name a file, a folder, or - for standard input."
        )
    yield path.absolute()


def kept(home: Path, source: BinaryIO) -> Path:
    """Keep what *source* holds as a file of the home, which only its owner can read.

    The name is made of the contents, so the same input is the same file.
    """
    content = source.read(LARGEST + 1)
    if not content or len(content) > LARGEST:
        why = f"it is larger than {LARGEST:,} bytes" if content else "it is empty"
        raise _refused("standard input", why, "Hand in one contract.")
    kind = next(
        (kind for magic, kind in _MAGIC.items() if content.startswith(magic)), ".txt"
    )
    file = home / FOLDER / f"input-{hashlib.sha256(content).hexdigest()[:12]}{kind}"
    file.parent.mkdir(
        parents=True,
        exist_ok=True,
        mode=0o700,
    )
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(content)
    return file


def forget(file: Path) -> None:
    """Remove what `kept` kept; harmless when it is gone."""
    file.unlink(missing_ok=True)


def _is_contract(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    hidden = any(part.startswith(".") for part in parts)
    return not hidden and path.suffix.lower() in KINDS and path.is_file()


def _refused(name: str, why: str, next_step: str) -> BadInput:
    return BadInput(
        what=name,
        why=why,
        next_step=next_step,
    )
