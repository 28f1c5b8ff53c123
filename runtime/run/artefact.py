"""Artefacts: the immutable things that a release names, each by its kind and its digest.

The same thing is kept once, however often it is added, and a thing that was changed is another
artefact. What a release names stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, TypeAlias, get_args

from sqlalchemy import Connection, bindparam, delete, select

from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.store.statement import Statement
from interlock.runtime.record.store.upsert import insert_new
from interlock.runtime.run.unreleased import ReleaseUnusable

#: What can be released. `data` is what runs take and give, `tools` the catalogue of tools
Kind: TypeAlias = Literal[
    "agent",
    "data",
    "dataset",
    "extractor",
    "model",
    "playbook",
    "policy",
    "prompt",
    "thresholds",
    "tools",
]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
#: The digest of an artefact by its kind
Parts: TypeAlias = Mapping[Kind, str]
#: Kinds that only measure a release: nothing runs by them
UNRUN: Final[frozenset[Kind]] = frozenset({"dataset", "thresholds"})
_ARTEFACT: Final = tables.artefact.c
_NEW: Final = Statement(insert_new(tables.artefact))
_CONTENT: Final = Statement(
    select(_ARTEFACT.content).where(
        _ARTEFACT.kind == bindparam("of_kind"),
        _ARTEFACT.digest == bindparam("of_digest"),
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Artefact:
    """One thing that a release may name."""

    kind: Kind
    content: bytes

    @property
    def digest(self) -> str:
        """The SHA-256 of the content: its name."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """One artefact in a list."""

    kind: Kind
    digest: str
    created: int


def keep(tx: Tx, artefact: Artefact) -> None:
    """Keep the artefact; one that is kept already stays as it is."""
    row = {
        "kind": artefact.kind,
        "digest": artefact.digest,
        "content": artefact.content,
        "created": tx.now,
    }
    _NEW.one(tx.connection, row)


def read(connection: Connection, kind: Kind, digest: str) -> Artefact:
    """Return the artefact of that name.

    Raises `ReleaseUnusable` for one that is gone ("artefact_missing") and for one whose bytes are
    not what its name says ("artefact_altered"): fails closed.
    """
    row = _CONTENT.one(connection, {"of_kind": kind, "of_digest": digest})
    if row is None:
        raise ReleaseUnusable(code="artefact_missing", what=f"{kind} {digest[:12]}")
    content = row["content"]
    artefact = Artefact(kind=kind, content=content if type(content) is bytes else b"")
    if artefact.digest != digest:
        raise ReleaseUnusable(code="artefact_altered", what=f"{kind} {digest[:12]}")
    return artefact


def every(connection: Connection) -> list[Kept]:
    """Return what is kept, by kind and age; the contents are not read."""
    columns = (_ARTEFACT.kind, _ARTEFACT.digest, _ARTEFACT.created)
    query = select(*columns).order_by(
        _ARTEFACT.kind, _ARTEFACT.created, _ARTEFACT.digest
    )
    return [Kept(**row) for row in connection.execute(query).mappings()]


def refuse_missing(connection: Connection, parts: Parts) -> None:
    """Raise `ReleaseUnusable` ("artefact_missing") unless every part is kept (fails closed)."""
    kept = {(one.kind, one.digest) for one in every(connection)}
    for kind, digest in sorted(parts.items()):
        if (kind, digest) not in kept:
            raise ReleaseUnusable(code="artefact_missing", what=f"{kind} {digest[:12]}")


def remove(tx: Tx, kept: Kept) -> None:
    """Delete one artefact, which no release names: whoever calls has looked."""
    gone = delete(tables.artefact).where(
        _ARTEFACT.kind == kept.kind, _ARTEFACT.digest == kept.digest
    )
    tx.connection.execute(gone)
