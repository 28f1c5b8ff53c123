"""Releases: agent, prompts, policy, models and the rest as one thing with one name.

A release is a manifest that names one artefact of each kind. The name of the release is the digest
of the manifest, and the manifest is signed with a key that is derived from the home's. A manifest
is verified whenever it is read (fails closed).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature
from sqlalchemy import Connection, RowMapping, bindparam, select

from interlock.runtime.canonical import Json, canonical, digest
from interlock.runtime.errors import Tampered
from interlock.runtime.record.events import HOME, ReleaseMade
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Row, Statement
from interlock.runtime.record.store.upsert import insert_new
from interlock.runtime.record.vault import Vault
from interlock.runtime.run import artefact
from interlock.runtime.run.artefact import KINDS, Parts
from interlock.runtime.run.unreleased import ReleaseUnusable

#: Of the manifest
FORM: Final = 1
#: What is signed before the manifest: no other signature of the home fits
_PURPOSE: Final = b"release"
_SIGNATURE: Final = 64  # bytes
_SHORT: Final = 12
_RELEASE: Final = tables.release.c
_NEW: Final = Statement(insert_new(tables.release))
_ONE: Final = Statement(
    select(tables.release).where(_RELEASE.digest == bindparam("of_digest"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a release is: the digest of its artefact by kind, and who gets how much of an alias."""

    parts: Parts
    #: The revision of the policy in its bundle
    revision: str
    #: By alias of a model, the weight of each candidate
    weights: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Json]:
        """The manifest as JSON."""
        parts: dict[str, Json] = dict(self.parts.items())
        weights: dict[str, Json] = {
            alias: dict(shares) for alias, shares in self.weights.items()
        }
        return {
            "form": FORM,
            "parts": parts,
            "revision": self.revision,
            "weights": weights,
        }

    @property
    def digest(self) -> str:
        """The name of the release."""
        return digest(self.document)


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A release whose manifest was verified."""

    digest: str
    manifest: Manifest
    #: Who made it; another person promotes it
    by: str
    created: int


def keep(tx: Tx, vault: Vault, manifest: Manifest, *, by: str) -> None:
    """Sign and keep the release; one that is there already stays as it is, with who made it.

    Whoever calls holds the head of the home. Raises `ReleaseUnusable` for a part that is not kept.
    """
    artefact.refuse_missing(tx.connection, manifest.parts)
    text = canonical(manifest.document)
    name = manifest.digest
    sealed = vault.key(tx.connection, HOME).seal(by.encode(), place=_place(name))
    row = {
        "digest": name,
        "manifest": text,
        "signature": vault.derived(_PURPOSE).sign(text),
        "sealed": sealed,
        "created": tx.now,
    }
    if _NEW.one(tx.connection, row) is None:
        return
    parts = {str(kind): digest for kind, digest in manifest.parts.items()}
    tx.events.append(ReleaseMade(log=HOME, release=name, parts=parts, by=by))


def read(connection: Connection, vault: Vault, name: str) -> Release:
    """Return the release of that digest, verified, of which every artefact is kept.

    Raises `ReleaseUnusable`: "release_missing", "release_unsigned", "release_altered" or
    "artefact_missing" (fails closed).
    """
    row = _ONE.one(connection, {"of_digest": name})
    if row is None:
        raise ReleaseUnusable(code="release_missing", what=f"release {name[:_SHORT]}")
    release = _verified(connection, vault, row)
    artefact.refuse_missing(connection, release.manifest.parts)
    return release


def signer(vault: Vault) -> str:
    """Return the public key under which manifests are signed here: Ed25519, hexadecimal."""
    return vault.derived(_PURPOSE).public_key().public_bytes_raw().hex()


def names(connection: Connection) -> list[str]:
    """Return the digest of every release, the oldest first; nothing is verified."""
    query = select(_RELEASE.digest).order_by(_RELEASE.created, _RELEASE.digest)
    return list(connection.execute(query).scalars())


def every(connection: Connection, vault: Vault) -> list[Release]:
    """Return every release, the oldest first, each verified; raises as `read` does."""
    query = select(tables.release).order_by(_RELEASE.created, _RELEASE.digest)
    rows = connection.execute(query).mappings()
    return [_verified(connection, vault, row) for row in rows]


def prune(tx: Tx, vault: Vault) -> list[artefact.Kept]:
    """Delete the artefacts that no release names, and return them.

    Raises as `read` does: while a manifest cannot be read, nothing is deleted (fails closed).
    """
    named = {
        (kind, part)
        for release in every(tx.connection, vault)
        for kind, part in release.manifest.parts.items()
    }
    spare = [
        kept
        for kept in artefact.every(tx.connection)
        if (kept.kind, kept.digest) not in named
    ]
    for kept in spare:
        artefact.remove(tx, kept)
    return spare


def _verified(connection: Connection, vault: Vault, row: Row | RowMapping) -> Release:
    name = str(row["digest"])
    what = f"release {name[:_SHORT]}"
    text, signature = row["manifest"], row["signature"]
    if type(signature) is not bytes or len(signature) != _SIGNATURE:
        raise ReleaseUnusable(code="release_unsigned", what=what)
    try:
        vault.derived(_PURPOSE).public_key().verify(signature, text)
        manifest = _manifest(orjson.loads(text))
        by = vault.key(connection, HOME).open(row["sealed"], place=_place(name))
    except (InvalidSignature, Tampered, ValueError, TypeError, LookupError) as error:
        raise ReleaseUnusable(code="release_altered", what=what) from error
    if manifest.digest != name or canonical(manifest.document) != text:
        raise ReleaseUnusable(code="release_altered", what=what)
    return Release(
        digest=name, manifest=manifest, by=by.decode(), created=int(row["created"])
    )


def _manifest(fields: dict[str, Any]) -> Manifest:
    """Return the manifest in *fields*; raises LookupError for a form that is not known."""
    if fields["form"] != FORM:
        raise LookupError("form")
    stated = fields["parts"]
    return Manifest(
        parts={kind: stated[kind] for kind in KINDS if kind in stated},
        revision=fields["revision"],
        weights=fields["weights"],
    )


def _place(name: str) -> str:
    return f"release/{name}"
