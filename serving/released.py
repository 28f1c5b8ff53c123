"""A home under the release in force: its policy, its playbooks and its models are the release's.

What the workspace says of these is what the next release is made of, and nothing runs under it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from interlock.runtime.record.vault import Vault
from interlock.runtime.run import artefact, promotion, release
from interlock.runtime.run.artefact import Kind
from interlock.runtime.run.unreleased import ReleaseUnusable
from interlock.runtime.storage import Storage
from interlock.serving import releases
from interlock.serving.models.entry import ModelEntry
from interlock.serving.settings import Settings
from interlock.tools import files

#: The folder of a home in which what a release brings is laid out, one folder a release
_FOLDER: Final = "releases"
_MODEL: Final = TypeAdapter(ModelEntry | None)
_MODELS: Final = TypeAdapter(dict[str, dict[str, ModelEntry]])
_BROUGHT: Final[tuple[Kind, ...]] = ("policy", "playbook", "model")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Brought:
    """What a release brings, whole and verified."""

    release: str
    policy: bytes
    playbook: bytes
    model: bytes


async def released(
    settings: Settings,
    storage: Storage,
    under: str,
    *,
    candidate: bool,
) -> Settings:
    """Return *settings* with what the release in force brings, or as they are where none is.

    The release *under* takes the place of the one in force, for whoever carries on its runs. A
    *candidate* is what the settings say, whatever is in force.
    Raises `ReleaseUnusable` for a release that does not verify and `Tampered` (both fail closed).
    """
    if candidate:
        return settings
    vault = storage.vault
    brought = await storage.store.read(
        lambda connection: _brought(connection, vault, under)
    )
    if brought is None:
        return settings
    folder = settings.home / _FOLDER / brought.release
    _lay(folder / "bundle.tar.gz", brought.policy)
    own = _parsed(brought.playbook, "playbook").get("own", {})
    for name, text in own.items():
        _lay(folder / "playbooks" / f"{_file(name)}.yaml", str(text).encode())
    changed = {
        "bundle": folder / "bundle.tar.gz",
        "policies": None,
        "playbooks": folder / "playbooks" if own else None,
        **_models(brought),
    }
    return settings.model_copy(update=changed)


async def thresholds(
    settings: Settings, storage: Storage, beginning: str
) -> tuple[str, Path]:
    """Return the digest of the release that begins so, and the file of what suites must hold.

    Raises as `releases.read` does.
    """
    one = await releases.read(storage, beginning)
    named = one.manifest.parts["thresholds"]
    kept = await storage.store.read(
        lambda connection: artefact.read(connection, "thresholds", named)
    )
    file = settings.home / _FOLDER / one.digest / "thresholds.yaml"
    _lay(file, kept.content)
    return one.digest, file


def _brought(connection: Connection, vault: Vault, under: str) -> _Brought | None:
    name = under or promotion.newest(connection, vault).release
    if not name:
        return None
    parts = release.read(connection, vault, name).manifest.parts
    contents = {
        kind: artefact.read(connection, kind, parts[kind]).content for kind in _BROUGHT
    }
    return _Brought(
        release=name,
        policy=contents["policy"],
        playbook=contents["playbook"],
        model=contents["model"],
    )


def _models(brought: _Brought) -> dict[str, Any]:
    """Return the models of the release; it names the variables of their keys, and holds no key."""
    stated = _parsed(brought.model, "model")
    try:
        return {
            "model": _MODEL.validate_json(json.dumps(stated.get("model"))),
            "models": _MODELS.validate_json(json.dumps(stated.get("models", {}))),
        }
    except ValidationError as error:
        raise ReleaseUnusable(code="release_unreadable", what="model") from error


def _file(name: str) -> str:
    """Return the name of a playbook's file; raises `ReleaseUnusable` for one that is a path."""
    named = name.encode().decode("unicode_escape")
    if not named or named != Path(named).name:
        raise ReleaseUnusable(code="release_unreadable", what="playbook")
    return named


def _parsed(content: bytes, kind: Kind) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise ReleaseUnusable(code="release_unreadable", what=kind) from error
    return value


def _lay(file: Path, content: bytes) -> None:
    """Put *content* at *file* unless it stands there already."""
    if not file.is_file() or file.read_bytes() != content:
        files.write(file, content)
