"""Pins: what a run keeps to from its start, wherever it is resumed.

One pin is the policy revision. The others have names that whoever assembles the runtime chooses;
what they stand for is sealed with the run, and the ledger holds its digest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import update

from interlock.runtime.canonical import canonical, digest
from interlock.runtime.errors import AnotherHome, AnotherPolicy
from interlock.runtime.record.events import RunRepinned
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.vault import DataKey, Vault
from interlock.runtime.run import approval, claim, turn
from interlock.runtime.run.refusal import refused
from interlock.runtime.run.run import Run, opened, row_of

#: Of a digest that stands for pins
_DIGITS: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Pins:
    """What a run is pinned to anew."""

    revision: str
    others: Mapping[str, str]
    #: The release in force, empty for none; a run may keep to another one that has the same parts
    release: str = ""


def sealed(pins: Mapping[str, str], key: DataKey) -> bytes:
    """Return *pins* as the row of a run holds them."""
    return key.seal(canonical(dict(pins)), place=f"run/{key.id}/pins")


def digest_of(agent: str, *, revision: str, others: Mapping[str, str]) -> str:
    """Return what stands in the clear for all that a run of *agent* is pinned to.

    A worker claims the runs whose digest is one of its own.
    """
    return digest([agent, revision, dict(others)])[:_DIGITS]


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
    here = (pins.revision, dict(pins.others), pins.release)
    if (run.revision, dict(run.pins), run.release) == here:
        raise refused(
            "pinned_already",
            what=f"run {run_id}",
            pinned=pins.revision[:12],
        )
    _pin(tx, run, pins, key, by=by)


def _pin(
    tx: Tx,
    run: Run,
    pins: Pins,
    key: DataKey,
    *,
    by: str,
) -> None:
    columns = {"pins": sealed(pins.others, key)}
    pinned = digest_of(run.agent, revision=pins.revision, others=pins.others)
    values = {
        "revision": pins.revision,
        "release": pins.release,
        "pinned": pinned,
        "ready_at": turn.unless_stopped(turn.AT_ONCE_UNLESS_QUEUED),
        "updated": tx.now,
    }
    changed = update(tables.run).where(tables.run.c.id == run.id)
    tx.connection.execute(changed.values(columns | values))
    approval.withdraw(tx, run_id=run.id, states=("waiting", "approved"))
    tx.events.append(
        RunRepinned(
            log=run.tenant,
            run_id=run.id,
            revision=pins.revision,
            previous=run.revision,
            release=pins.release,
            pinned=pinned,
            by=by,
            sealed=columns,
        )
    )
