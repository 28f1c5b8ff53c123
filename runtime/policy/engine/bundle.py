"""The compiled policy bundle: one Wasm module, its data, its sources, and the revision of them all.

A revision is a digest of what the bundle holds, so nobody can run another policy under a recorded
one.
"""

import json
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from interlock.runtime.canonical import Json, canonical, digest
from interlock.runtime.errors import BundleChanged, GuardFailed, NotCanonical
from interlock.runtime.policy.engine.answer import Messages
from interlock.runtime.policy.engine.archive import unpack

MODULE: Final = "policy.wasm"
DATA: Final = "data.json"
MANIFEST: Final = ".manifest"
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
    #: Every file of the bundle by path; `revised` makes another bundle from them
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def load(path: Path) -> Bundle:
    """Read the bundle at *path*; see `read`. Raises `GuardFailed` when it is missing."""
    try:
        archive = path.read_bytes()
    except OSError as error:
        raise _unreadable(str(path), error) from error
    return read(archive, name=str(path))


def read(archive: bytes, *, name: str) -> Bundle:
    """Return the bundle that *archive* is, checked to be the revision it states.

    Errors call it *name*. Raises `GuardFailed` when it is damaged, `BundleChanged` when it holds
    anything else than what its revision stands for (both fail closed).
    """
    try:
        files = unpack(archive)
        manifest = _exact(files, MANIFEST)
        data = _exact(files, DATA)
        stated = (data["rails"]["build"]["revision"], manifest["revision"])
        messages = data["rails"].get("reasons", {})
        revision = revision_of(files)
        wasm = files[MODULE]
    except (*_UNREADABLE, NotCanonical) as error:
        raise _unreadable(name, error) from error
    if wrong := [number for number in stated if number != revision]:
        raise BundleChanged(path=name, stated=str(wrong[0]), found=revision)
    return Bundle(
        revision=revision, wasm=wasm, data=data, messages=messages, files=files
    )


def _unreadable(name: str, error: Exception) -> GuardFailed:
    return GuardFailed(
        guard=f"policy bundle {name}",
        why=f"{type(error).__name__}: {error}",
        next_step="Restore it, or build it with `make policy`.",
    )


def revised(files: Mapping[str, bytes], data: Mapping[str, Any]) -> Bundle:
    """Return the bundle of *files* with *data* in place of theirs, under the revision that is.

    The revision is stated in the manifest for people and in the data for the policy.
    """
    manifest: dict[str, Json] = json.loads(files[MANIFEST])
    content = {**files, MANIFEST: canonical(manifest), DATA: canonical(data)}
    revision = revision_of(content)
    rails = {**data["rails"], "build": {"revision": revision}}
    stated = {**data, "rails": rails}
    content[DATA] = canonical(stated)
    content[MANIFEST] = canonical({**manifest, "revision": revision})
    return Bundle(
        revision=revision,
        wasm=content[MODULE],
        data=stated,
        messages=rails.get("reasons", {}),
        files=content,
    )


def revision_of(files: Mapping[str, bytes]) -> str:
    """Return the revision that a bundle of *files* is: one digest over every path and its bytes.

    Left out are the two places that state it: `revision` in the manifest and `rails.build` in the
    data.
    """
    manifest = json.loads(files[MANIFEST])
    data = json.loads(files[DATA])
    manifest.pop("revision", None)
    data["rails"].pop("build", None)
    parts = {**files, MANIFEST: canonical(manifest), DATA: canonical(data)}
    return digest(
        [[path, sha256(content).hexdigest()] for path, content in sorted(parts.items())]
    )


def _exact(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    """Return the JSON object *name*; raises `ValueError` unless it is in canonical form.

    Only the canonical form reads the same to every engine.
    """
    document: dict[str, Any] = json.loads(files[name])
    if canonical(document) != files[name]:
        raise ValueError(f"{name} is not canonical JSON")
    return document
