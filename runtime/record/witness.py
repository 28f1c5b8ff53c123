"""The witness: the signed checkpoints of every log, kept outside the database.

Without it nobody could see that the database was put back to an earlier state. A log has a file,
made before the log's first commit. Notes are added after each commit, so a crash in between leaves
the file older than its log, never newer. What was added stays: a file that has grown large keeps
its first and its newest note. Only a recovery is followed by the note of a smaller log.
"""

import fcntl
import os
import re
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote, unquote

from interlock.runtime.record.events import HOME
from interlock.runtime.record.folder import make_durable
from interlock.runtime.record.tlog import Checkpoint, attested

#: Bytes of a file before only its first and its newest note are kept: about 300 notes
MOST: Final = 65_536
_LONGEST_NAME: Final = 200  # characters; file systems allow 255 bytes
#: A whole note; the torn rest of one is passed over
_NOTE: Final = re.compile(
    r"^[^\n\0]+\n[0-9]+\n[A-Za-z0-9+/=]+\n\n\u2014 [^\n\0]+\n", re.MULTILINE
)
_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
#: What changes when a file does: its number, its size and its time
_Stamp: TypeAlias = tuple[int, int, int]
#: What a file looked like when it was read, its newest note, and the size of the log by that note
_Known: TypeAlias = tuple[_Stamp, str, int]


class Witness:
    """The notes in one *folder*, a file a log; safe to share between processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        #: By log
        self._paths: dict[str, Path] = {}
        self._read: dict[str, _Known] = {}

    @property
    def folder(self) -> Path:
        """Where the notes are."""
        return self._folder

    def begin(self, log: str) -> None:
        """Make the file of a new *log*, durable, unless there is one; raises OSError."""
        path = self._path(log)
        self._folder.mkdir(
            parents=True,
            exist_ok=True,
            mode=0o755,
        )
        with suppress(FileExistsError):
            os.close(os.open(path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o644))
            make_durable(self._folder)

    def keep(self, log: str, note: str, *, recovered: bool = False) -> None:
        """Add the note of *log*, unless a newer one is there already; raises OSError.

        The note of a smaller log is added only when the log was *recovered*. The write is not
        synced, so it costs no time; losing it loses no record.
        """
        size = _size(note)
        path = self._path(log)
        with _Locked(path) as (descriptor, here):
            newest = self._newest(log, descriptor, here)
            if newest is not None and not recovered and newest[2] >= size:
                return
            # A line of its own, whatever is torn before it.
            os.write(descriptor, f"\n{note}".encode())
            self._read[log] = _stamp(os.fstat(descriptor)), note, size
            if here.st_size > MOST:
                _shorten(path, descriptor, note)

    def newest(self, log: str) -> str | None:
        """Return the newest note of *log*, nothing when it has begun without one.

        Returns None when there is no such file, or none that can be read and holds notes.
        """
        path = self._path(log)
        try:
            known = self._read.get(log)
            if known is not None and known[0] == _stamp(path.stat()):
                return known[1]
            with path.open("rb") as file:
                here = os.fstat(file.fileno())
                newest = self._newest(log, file.fileno(), here)
        except OSError:
            return None
        return None if newest is None else newest[1]

    def begun(self, log: str) -> str | None:
        """Return an empty text when there is a file of *log* that can be used, else None."""
        return None if self.newest(log) is None else ""

    def _path(self, log: str) -> Path:
        path = self._paths.get(log)
        if path is None:
            path = self._paths[log] = self._folder / file_name(log)
        return path

    def _newest(self, log: str, descriptor: int, here: os.stat_result) -> _Known | None:
        """Return what the file says, or None for a file that holds something else than notes."""
        known = self._read.get(log)
        stamp = _stamp(here)
        if known is not None and known[0] == stamp:
            return known
        content = os.pread(descriptor, here.st_size, 0)
        notes = whole_notes(content)
        # A file that was made, and whose first note never reached the disk, is empty or blank.
        if not notes and content.strip(b"\n\0"):
            return None
        newest = notes[-1] if notes else ""
        known = self._read[log] = stamp, newest, _size(newest)
        return known

    def notes(self) -> dict[str, str]:
        """Return the newest note by the name of each file; an unreadable file is an empty text."""
        return {
            path.name: _last(path)
            for path in sorted(self._folder.glob("*.note"))
            if not _is_blank(path)
        }

    def adopt(self, other: "Witness", *, public: bytes) -> None:
        """Take over what *other* has begun and what it knows better, if *public* signed it.

        Raises OSError.
        """
        notes = other.logs()
        if other.newest(HOME) is not None:
            self.begin(HOME)
        for log, note in notes.items():
            if attested(note, public) is not None:
                self.begin(log)
                self.keep(log, note)

    def logs(self) -> dict[str, str]:
        """Return the newest note by the log that each says it is of."""
        notes = [note for note in self.notes().values() if note]
        return {_log_of(note): note for note in notes}


@lru_cache
def file_name(log: str) -> str:
    """Return the name of the file that keeps the notes of *log*; no other log has that file.

    Capitals are escaped, because some file systems know no case; a plus sign, which stands in no
    escaped name, tells the digest of a long name from a log that is named like the digest.
    """
    name = "".join(_escaped(character) for character in log)
    if len(name) > _LONGEST_NAME:
        name = f"+{sha256(log.encode()).hexdigest()}"
    return f"{name}.note"


def whole_notes(content: bytes) -> list[str]:
    """Return every whole note of a file, oldest first."""
    return _NOTE.findall(content.decode("utf-8", "replace"))


def _escaped(character: str) -> str:
    if "A" <= character <= "Z":
        return f"%{ord(character):02X}"
    return quote(character, safe="")


def _size(note: str) -> int:
    checkpoint = Checkpoint.parse(note)
    return -1 if checkpoint is None else checkpoint.size


def _log_of(note: str) -> str:
    return unquote(note.partition("\n")[0].rpartition("/")[2])


def _stamp(here: os.stat_result) -> _Stamp:
    return here.st_ino, here.st_size, here.st_mtime_ns


def _last(path: Path) -> str:
    try:
        notes = whole_notes(path.read_bytes())
    except OSError:
        return ""
    return notes[-1] if notes else ""


def _is_blank(path: Path) -> bool:
    """Whether the file was made for a log that has no note yet."""
    try:
        return not path.read_bytes().strip(b"\n\0")
    except OSError:
        return False


class _Locked:
    """A file that is open for one writer at a time, as its descriptor and what it looks like."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def __enter__(self) -> tuple[int, os.stat_result]:
        while True:
            self._descriptor = os.open(self._path, _FLAGS)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX)
                here = os.fstat(self._descriptor)
                # It may have been replaced while the lock was awaited.
                if here.st_ino == self._path.stat().st_ino:
                    return self._descriptor, here
            except BaseException:
                os.close(self._descriptor)
                raise
            os.close(self._descriptor)

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)


def _shorten(path: Path, descriptor: int, newest: str) -> None:
    """Replace the file by one with its first and its newest note, whole or not at all."""
    first = whole_notes(os.pread(descriptor, MOST, 0))[0]
    shorter = path.with_suffix(".new")
    with shorter.open("wb") as file:
        file.write(f"\n{first}\n{newest}".encode())
        file.flush()
        os.fsync(file.fileno())
    shorter.replace(path)
