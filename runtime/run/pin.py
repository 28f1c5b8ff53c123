"""Pins: what a run keeps to from its start, wherever it is resumed.

One pin is the policy revision. The others have names that whoever assembles the runtime chooses;
what they stand for is sealed with the run, and the ledger holds its digest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import update

from interlock.runtime.canonical import canonical
from interlock.runtime.errors import AnotherHome, AnotherPolicy
from interlock.runtime.record.events import RunRepinned
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import approval, claim
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import Run, opened, row_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Pins:
    """What a run is pinned to anew."""

    revision: str
    others: Mapping[str, str]


def sealed(pins: Mapping[str, str], key: DataKey) -> bytes:
    """Return *pins* as the row of a run holds them."""
    return key.seal(canonical(dict(pins)), place=f"run/{key.id}/pins")


def keep_to(run: Run, *, revision: str) -> None:
    """Raise `AnotherPolicy` unless the run is pinned to *revision* (fails closed)."""
    if run.revision != revision:
        raise AnotherPolicy(run_id=run.id, pinned=run.revision, in_force=revision)


def keep_all(run: Run, pins: Pins) -> None:
    """Raise unless the run is pinned to exactly *pins* (fails closed).

    As `keep_to` does, or `AnotherHome` naming the first pin that differs or is on one side only.
    """
    keep_to(run, revision=pins.revision)
    for name in sorted({*run.pins, *pins.others}):
        if run.pins.get(name) != pins.others.get(name):
            raise AnotherHome(run_id=run.id, pin=name)


def repin(
    tx: Tx,
    vault: Vault,
    run_id: str,
    *,
    pins: Pins,
    by: str,
) -> None:
    """Pin an open run that nobody works on to *pins*, and record who did.

    Whatever was asked of a person under the old pins is withdrawn, verdicts that are not used too,
    so the next claim is decided anew and asks anew. Raises `NotFound`, and `BadInput` for a run
    that has ended ("ended"), that a live claim holds ("claimed") or that is pinned so
    ("pinned_already").
    """
    row = row_of(tx.connection, run_id, lock=True)
    claim.refuse_taken(row, now=tx.now)
    key = vault.key(tx.connection, run_id)
    run = opened(row, key)
    if (run.revision, dict(run.pins)) == (pins.revision, dict(pins.others)):
        raise refused(
            "pinned_already",
            what=f"run {run_id}",
            pinned=pins.revision[:12],
        )
    columns = {"pins": sealed(pins.others, key)}
    pinned = update(tables.run).where(tables.run.c.id == run_id)
    tx.connection.execute(
        pinned.values(columns | {"revision": pins.revision, "updated": tx.now})
    )
    approval.withdraw(tx, run_id=run_id, states=("waiting", "approved"))
    tx.events.append(
        RunRepinned(
            log=run.tenant,
            run_id=run_id,
            revision=pins.revision,
            previous=run.revision,
            by=by,
            sealed=columns,
        )
    )
