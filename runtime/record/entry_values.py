"""Values as the bodies of entries state them, for comparing the working tables with the ledger.

A body states a value plainly, or commits to the value under the run's key (`Committed`), or holds
the digest of the sealed bytes (`Sealed`).
"""

from dataclasses import dataclass
from typing import Any

import orjson

from interlock.runtime.record.spend import Values


@dataclass(frozen=True, slots=True)
class Committed:
    """A value that is known by its commitment under a run's key."""

    run_id: str
    commitment: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """Sealed bytes that are known by their SHA-256."""

    digest: str


def body_of(stored: object) -> dict[str, Any]:
    """Return an entry's body; of an unreadable entry nothing, since the verifier reports it."""
    try:
        body = orjson.loads(stored) if isinstance(stored, bytes) else None
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def same(body: Values, *columns: str) -> Values:
    """Return the columns that the body states under their own names."""
    return {column: body[column] for column in columns}


def committed(run_id: str, commitment: object) -> Committed:
    """Return the value to which an entry of the run commits."""
    return Committed(run_id, str(commitment))


def sealed(body: Values) -> Values:
    """Return the columns of which the body holds the digest of the sealed bytes."""
    return {
        column: None if digest is None else Sealed(str(digest))
        for column, digest in body.get("sealed", {}).items()
    }
