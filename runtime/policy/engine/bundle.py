"""The compiled policy bundle: one Wasm module, its data, its sources, and the revision that all of it is.

A revision is a digest of what the bundle holds, so nobody can run another policy under a recorded
one.
"""

import io
import json
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from interlock.runtime.canonical import canonical, digest
from interlock.runtime.errors import BundleChanged, GuardFailed, NotCanonical
from interlock.runtime.policy.engine.answer import Messages

LARGEST: Final = 32 * 1024 * 1024  # bytes of any one member
_MODULE: Final = "policy.wasm"
_DATA: Final = "data.json"
_MANIFEST: Final = ".manifest"
_UNREADABLE: Final = (
    OSError,
    EOFError,
    zlib.error,
    tarfile.TarError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    RecursionError,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """A loaded bundle; immutable."""

    revision: str
    wasm: bytes
    data: dict[str, Any]
    messages: Messages


def load(path: Path) -> Bundle:
    """Read the bundle at *path*, and check that it is the revision it states.

    Raises `GuardFailed` when it is missing or damaged, `BundleChanged` when it holds anything else
    than what its revision stands for (both fail closed).
    """
    try:
        files = _members(path.read_bytes())
        manifest, data = _exact(files, _MANIFEST), _exact(files, _DATA)
        stated, messages = (
            (data["rails"]["build"]["revision"], manifest["revision"]),
            data["rails"].get("reasons", {}),
        )
        found = revision_of(files)
    except (*_UNREADABLE, NotCanonical) as error:
        raise GuardFailed(
            guard=f"policy bundle {path}",
            why=f"{type(error).__name__}: {error}",
            next_step="Restore it, or build it with `make policy`.",
        ) from error
    if wrong := [each for each in stated if each != found]:
        raise BundleChanged(path=str(path), stated=str(wrong[0]), found=found)
    return Bundle(revision=found, wasm=files[_MODULE], data=data, messages=messages)


def revision_of(files: Mapping[str, bytes]) -> str:
    """Return the revision that a bundle of *files* is: one digest over every path and its bytes.

    Left out are the two places that state it: `revision` in the manifest and `rails.build` in the
    data.
    """
    manifest, data = json.loads(files[_MANIFEST]), json.loads(files[_DATA])
    manifest.pop("revision", None)
    data["rails"].pop("build", None)
    parts = {**files, _MANIFEST: canonical(manifest), _DATA: canonical(data)}
    return digest([[path, sha256(content).hexdigest()] for path, content in sorted(parts.items())])


def _members(raw: bytes) -> dict[str, bytes]:
    """Return the files of the archive by path; a path that stands in it twice has two readings and is refused."""
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:gz") as archive:
        for member in archive:
            if not member.isfile():
                continue
            name, content = (
                member.name.lstrip("/"),
                archive.extractfile(member) if member.size <= LARGEST else None,
            )
            if content is None:
                raise ValueError(f"{name} is larger than {LARGEST} bytes")
            if name in files:
                raise ValueError(f"{name} is in it twice")
            files[name] = content.read()
    return files


def _exact(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    """Return the JSON object *name*; only its canonical form is taken, because that reads the same to every engine."""
    document: dict[str, Any] = json.loads(files[name])
    if canonical(document) != files[name]:
        raise ValueError(f"{name} is not canonical JSON")
    return document
