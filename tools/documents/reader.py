"""Reading a document: open it once, take its bytes, have them parsed where they can do no harm."""

import asyncio
import errno
import hashlib
import json
import os
import stat
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from interlock.tools.documents import answer
from interlock.tools.documents.child import PARSERS
from interlock.tools.documents.document import Document, Kind, Limits, printable
from interlock.tools.documents.errors import DocumentError, Refusal
from interlock.tools.documents.inventory import Redline
from interlock.tools.documents.sniff import sniff
from interlock.tools.sandbox import limits as sandbox
from interlock.tools.sandbox.process import command, run

_CHUNK: Final = 1024 * 1024
_CHILD: Final = "interlock.tools.documents.child"
# Non-blocking, so that a FIFO without a writer is refused instead of waited for.
_OPEN: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """The bytes of one file, and the name under which they were found."""

    path: Path
    data: bytes

    @property
    def digest(self) -> str:
        """The digest of the bytes."""
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentReader:
    """Reads documents under fixed limits; one reader serves a whole process.

    Each read has a child process of its own, up to `limits.memory_bytes` large: bound how many run
    at once.
    """

    limits: Limits = field(default_factory=Limits)

    async def read(self, path: Path, *, redline: Redline = "accepted") -> Document:
        """Return the document at `path`, whole, or raise `DocumentError`.

        There is no partial document: what stands beside its text and is left out is listed in its
        inventory. `redline` says how tracked changes are read.

        Symbolic links in `path` are followed when the read begins; the file they led to is then
        opened once, and only if it is not a link by then. The kind is told by the bytes, never by
        the name. The digest is that of the bytes that were parsed. Reading has no effect on the
        file, and cancelling it ends the child.
        """
        file = await self.taken(path)
        return await self.read_file(file, redline=redline)

    async def taken(self, path: Path) -> "File":
        """Return the bytes of the file at `path` with their kind; raises as `read` does.

        Nothing is parsed: of a file whose bytes cannot be a document no more is done.
        """
        try:
            return await asyncio.to_thread(_take, path, self.limits)
        except Refusal as refusal:
            raise _document_error(refusal, path) from None

    def checked(self, file: "File") -> "File":
        """Return the file whose bytes came from elsewhere; raises as `taken` does.

        Raises `DocumentError` for bytes that are no document or are too many.
        """
        size = len(file.data)
        most = self.limits.max_bytes
        try:
            if size > most:
                raise Refusal("too_large", f"at least {size} bytes, {most} allowed")  # noqa: TRY301 - as a file is refused
            if not file.data:
                raise Refusal("empty", "it holds 0 bytes")  # noqa: TRY301 - as above
            sniff(file.data)
        except Refusal as refusal:
            raise _document_error(refusal, file.path) from None
        return file

    async def read_file(
        self, file: "File", *, redline: Redline = "accepted"
    ) -> Document:
        """Return the document in the bytes that were taken earlier; raises as `read` does."""
        try:
            kind = sniff(file.data)
            answered = await self._parsed(file.data, kind, redline)
            parsed = await asyncio.to_thread(answer.accept, answered, self.limits)
        except (Refusal, sandbox.Refusal) as refusal:
            raise _document_error(refusal, file.path) from None
        return Document(
            digest=file.digest,
            name=printable(file.path.name),
            kind=kind,
            text=parsed.text,
            pages=parsed.pages,
            inventory=parsed.inventory,
        )

    async def _parsed(self, data: bytes, kind: Kind, redline: Redline) -> bytes:
        return await run(
            parsing(kind, self.limits, redline),
            data,
            wall_s=self.limits.wall_s,
            max_output=answer.max_bytes(self.limits),
        )


def parsing(kind: Kind, limits: Limits, redline: Redline = "accepted") -> list[str]:
    """Return the command of the confined child that parses one document of *kind* from stdin."""
    settings = json.dumps(asdict(limits))
    preload = [PARSERS[kind]]
    return command(
        _CHILD,
        kind,
        redline,
        settings,
        limits=limits,
        preload=preload,
    )


def _document_error(refusal: Refusal | sandbox.Refusal, path: Path) -> DocumentError:
    return DocumentError(
        code=refusal.code,
        path=str(path),
        detail=refusal.detail,
    )


def _take(path: Path, limits: Limits) -> File:
    try:
        descriptor = os.open(path.resolve(strict=True), _OPEN)
    except (OSError, RuntimeError, ValueError) as error:
        raise _not_opened(error) from None
    try:
        data = _bytes(descriptor, limits)
    except OSError as error:
        raise Refusal("unreadable", f"reading it failed ({error.strerror})") from None
    finally:
        os.close(descriptor)
    sniff(data)  # refuses what is no document
    return File(path=path, data=data)


def _not_opened(error: OSError | RuntimeError | ValueError) -> Refusal:
    """Say why nothing was opened.

    A loop of links is a `RuntimeError`, a NUL in the name a `ValueError`.
    """
    if isinstance(error, RuntimeError):
        return Refusal("not_a_file", "it is a loop of symbolic links")
    if isinstance(error, ValueError):
        return Refusal("missing", "no file can have that name")
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        return Refusal("missing", "there is no such file")
    if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENODEV):
        return Refusal("not_a_file", "it is a symbolic link, a socket or a device")
    return Refusal("unreadable", f"it could not be opened ({error.strerror})")


def _bytes(descriptor: int, limits: Limits) -> bytes:
    before = os.fstat(descriptor)
    if not stat.S_ISREG(before.st_mode):
        raise Refusal("not_a_file", "it is a directory, a pipe or a device")
    data = bytearray()
    size = before.st_size
    while size <= limits.max_bytes and (chunk := os.read(descriptor, _CHUNK)):
        data += chunk
        size = max(size, len(data))
    if size > limits.max_bytes:
        raise Refusal("too_large", f"at least {size} bytes, {limits.max_bytes} allowed")
    after = os.fstat(descriptor)
    if (len(data), before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise Refusal("unreadable", "it changed while it was read")
    if not data:
        raise Refusal("empty", "it holds 0 bytes")
    return bytes(data)
