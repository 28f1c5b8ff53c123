"""The archive of a policy bundle: a gzipped tar, read strictly and written reproducibly."""

import gzip
import io
import posixpath
import tarfile
from collections.abc import Mapping
from typing import Final

LARGEST: Final = 32 * 1024 * 1024  # bytes of any one member


def unpack(raw: bytes) -> dict[str, bytes]:
    """Return the files of the archive by path.

    Raises `ValueError` for a file beyond `LARGEST`, and for a path that is in the archive twice or
    is not spelt plainly (`./x`, `a/../x`): two engines could read such an archive differently.
    Raises what `tarfile` and `gzip` raise.
    """
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:gz") as archive:
        for member in archive:
            if not member.isfile():
                continue
            name = member.name.lstrip("/")
            if posixpath.normpath(name) != name:
                raise ValueError(f"{name!r} is not a plain path")
            if name in files:
                raise ValueError(f"{name} is in it twice")
            content = archive.extractfile(member) if member.size <= LARGEST else None
            if content is None:
                raise ValueError(f"{name} is larger than {LARGEST} bytes")
            files[name] = content.read()
    return files


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of *files* that states no time, place or owner."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)
