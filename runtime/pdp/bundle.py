"""The compiled policy bundle: one Wasm module, its data and its revision."""

import json
import tarfile
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from interlock.runtime.errors import GuardFailed
from interlock.runtime.pdp.answer import Messages

LARGEST: Final = 32 * 1024 * 1024  # bytes of any one member


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """A loaded bundle; immutable."""

    revision: str
    digest: str
    wasm: bytes
    data: dict[str, Any]
    messages: Messages


def load(path: Path) -> Bundle:
    """Read the bundle at *path*; raises `GuardFailed` when it is missing, damaged or without a revision (fails closed)."""
    try:
        raw = path.read_bytes()
        with tarfile.open(path, "r:gz") as archive:
            members = {member.name.lstrip("/"): member for member in archive.getmembers() if member.isfile()}
            wasm, data = (_member(archive, members, name) for name in ("policy.wasm", "data.json"))
        document = json.loads(data)
        revision = document["rails"]["build"]["revision"]
        messages = document["rails"].get("reasons", {})
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, LookupError, TypeError) as error:
        raise GuardFailed(
            guard=f"policy bundle {path}",
            why=f"{type(error).__name__}: {error}",
            next_step="Restore it, or build it with `make policy`.",
        ) from error
    return Bundle(revision=revision, digest=sha256(raw).hexdigest(), wasm=wasm, data=document, messages=messages)


def _member(archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo], name: str) -> bytes:
    member = members[name]
    file = archive.extractfile(member) if member.size <= LARGEST else None
    if file is None:
        raise ValueError(f"{name} is larger than {LARGEST} bytes")
    return file.read()
