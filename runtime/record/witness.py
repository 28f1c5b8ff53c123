"""The witness: the newest signed checkpoint of every log, kept outside the database.

Without it nobody could see that the database was put back to an earlier state. Notes are written
after the commit, so a crash in between leaves a note older than its log, never newer.
"""

import os
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, bindparam, select

from interlock.runtime.errors import Tampered
from interlock.runtime.record.store import tables

_NOTE_LINES: Final = 2  # origin and size; what follows is not looked at
_NOTED: Final = select(tables.ledger_entry.c.note).where(
    tables.ledger_entry.c.log == bindparam("of_log"),
    tables.ledger_entry.c.seq == bindparam("at"),
)
_SIZE: Final = 2048  # bytes of a file; a note is under a quarter of that
_LONGEST_NAME: Final = 200  # characters; file systems allow 255 bytes


class Witness:
    """The notes in one *folder*, a file a log; the folder is made with the first note."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, log: str, note: str) -> None:
        """Replace the note of *log*; raises OSError.

        One write over the same bytes: a reader sees the old note or the new one, and a commit
        makes no file. The write is not synced, so it costs no time; losing it loses no record.
        """
        padded = note.encode().ljust(_SIZE, b"\n")
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        path = self._folder / file_name(log)
        try:
            descriptor = os.open(path, flags, 0o644)
        except FileNotFoundError:
            self._folder.mkdir(
                parents=True,
                exist_ok=True,
                mode=0o755,
            )
            descriptor = os.open(path, flags, 0o644)
        try:
            os.pwrite(descriptor, padded, 0)
        finally:
            os.close(descriptor)

    def recall(self, connection: Connection, log: str) -> None:
        """Raise `Tampered` unless the log in the database still has the checkpoint kept here.

        The next commit replaces the note, so it must not follow what was put back (fails closed).
        A note that is lost or cannot be read is no reason to stop: the verifier reports it.
        """
        note = _note(self._folder / file_name(log))
        lines = note.split("\n")
        if len(lines) < _NOTE_LINES or not lines[1].isdecimal():
            return
        place = {"of_log": log, "at": int(lines[1]) - 1}
        if connection.execute(_NOTED, place).scalar_one_or_none() != note:
            why = "it does not hold the checkpoint that is kept outside the database"
            raise Tampered(what=f"log {log}", why=why)

    def notes(self) -> dict[str, str]:
        """Return every note by the name of its file; an unreadable note is an empty text."""
        return {path.name: _note(path) for path in sorted(self._folder.glob("*.note"))}


@lru_cache
def file_name(log: str) -> str:
    """Return the name of the file that keeps the note of *log*; no other log has that file.

    Capitals are escaped, because some file systems know no case; a plus sign, which stands in no
    escaped name, tells the digest of a long name from a log that is named like the digest.
    """
    name = "".join(_escaped(character) for character in log)
    if len(name) > _LONGEST_NAME:
        name = f"+{sha256(log.encode()).hexdigest()}"
    return f"{name}.note"


def _escaped(character: str) -> str:
    if "A" <= character <= "Z":
        return f"%{ord(character):02X}"
    return quote(character, safe="")


def _note(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\n") + "\n"
    except (OSError, UnicodeDecodeError):
        return ""
