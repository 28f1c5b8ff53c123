"""Outcomes of runs: what the newest claim left to be shown, sealed under the run's key."""

import orjson
from sqlalchemy import Connection

from interlock.runtime.canonical import Json, canonical
from interlock.runtime.record.vault import Vault
from interlock.runtime.run.erasure import key_of
from interlock.runtime.run.run import row_of


def sealed(
    connection: Connection,
    vault: Vault,
    run_id: str,
    outcome: dict[str, Json],
) -> dict[str, bytes]:
    """Return the column that holds the outcome."""
    key = vault.key(connection, run_id)
    return {"outcome": key.seal(canonical(outcome), place=_place(run_id))}


def read(
    connection: Connection,
    vault: Vault,
    run_id: str,
) -> dict[str, Json] | None:
    """Return the outcome, or None for nothing; raises as `row_of` and `erasure.key_of` do."""
    content = row_of(connection, run_id)["outcome"]
    if content is None:
        return None
    key = key_of(connection, vault, run_id)
    outcome: dict[str, Json] = orjson.loads(key.open(content, place=_place(run_id)))
    return outcome


def _place(run_id: str) -> str:
    return f"run/{run_id}/outcome"
