"""Measurements of a release: which suites held for it, by what was recorded of them."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import Connection, select

from interlock.runtime.canonical import digest
from interlock.runtime.errors import Tampered
from interlock.runtime.policy.act import Act
from interlock.runtime.record.entry_values import body_of
from interlock.runtime.record.events import HOME, ActDecided
from interlock.runtime.record.logs import kept_at
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run.artefact import UNRUN, Parts
from interlock.runtime.run.release import Release

_RECORDED: Final[Act] = "eval.record"
_ENTRIES: Final = tables.ledger_entry.c
_ACTS: Final = (
    select(_ENTRIES.log, _ENTRIES.seq, _ENTRIES.body, _ENTRIES.payload)
    .where(_ENTRIES.event == ActDecided.event, _ENTRIES.run_id == "")
    .order_by(_ENTRIES.log, _ENTRIES.seq)
)


def held(connection: Connection, vault: Vault, release: Release) -> tuple[str, ...]:
    """Return the suites whose newest measurement of *release* held, by what people recorded.

    A measurement counts for the release that it names and for no other, and holds where policy and
    parts by which whoever measured ran are the release's own. Raises `Tampered` for an
    entry that does not open: what did not hold is not hidden by damage (fails closed).
    """
    key = vault.key(connection, HOME)
    newest: dict[str, tuple[int, bool]] = {}
    for row in connection.execute(_ACTS).mappings():
        body = body_of(row["body"])
        if body.get("tool") != _RECORDED or body.get("effect") != "permit":
            continue
        measured = _arguments(
            row["payload"], key, place=kept_at(row["log"], row["seq"])
        )
        if measured.get("release") != release.digest:
            continue
        suite = str(measured.get("suite"))
        at = int(body["at"])
        if suite not in newest or at >= newest[suite][0]:
            is_own = _is_own(measured, release)
            newest[suite] = at, is_own and measured.get("held") is True
    return tuple(sorted(suite for suite, (_, is_held) in newest.items() if is_held))


def parts_digest(parts: Parts) -> str:
    """Return what stands for all parts by which a process runs."""
    return digest({kind: name for kind, name in parts.items() if kind not in UNRUN})


def _is_own(measured: Mapping[str, Any], release: Release) -> bool:
    """Whether the release was measured, and nothing that only bears its name."""
    manifest = release.manifest
    is_policy = measured.get("measured") == manifest.revision
    return is_policy and measured.get("parts") == parts_digest(manifest.parts)


def _arguments(payload: bytes, key: DataKey, *, place: str) -> dict[str, Any]:
    try:
        arguments: dict[str, Any] = orjson.loads(key.open(payload, place=place))[
            "arguments"
        ]
    except (ValueError, LookupError) as error:
        raise Tampered(what=place, why="it is no act") from error
    return arguments
