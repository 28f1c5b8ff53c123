"""What the ledger and its keys stop: a record that was changed, put back or forged, unseen."""

import json
import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import delete, insert, select, update

from interlock.runtime.errors import BadInput, Erased, RolledBack, Tampered
from interlock.runtime.record import audit
from interlock.runtime.record.audit_verify import verify, verify_export
from interlock.runtime.record.events import HOME
from interlock.runtime.record.logs import export
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.tlog import Frontier, Signer, leaf_hash
from interlock.runtime.record.vault import DataKey
from interlock.runtime.record.witness import Witness, file_name, whole_notes
from interlock.runtime.run.activation import activate
from interlock.runtime.storage import Storage
from interlock.runtime.testing import AGENT
from interlock.serving.verification.probe_tools import WRITE
from interlock.serving.verification.scratch import scratch
from interlock.serving.verification.trial import Trial, WentThrough, refused

Record: TypeAlias = dict[str, str | int]
_LOG: Final = AGENT.tenant
_EXPORTED: Final = "probe-exports"
_ENTRIES: Final = tables.ledger_entry.c
_HEAD: Final = tables.ledger_head.c


async def changed_entry(trial: Trial) -> None:
    """Stops one changed character of any entry from going unseen by the verifier."""
    ours, records = await _recorded(trial, "probe-entries")
    for index, record in enumerate(records):
        if record["kind"] != "entry":
            continue
        changed = verify(_changed(records, index), key=ours)
        if changed.valid:
            raise WentThrough(f"a change of entry {record['seq']} went unseen")


async def shortened_export(trial: Trial) -> None:
    """Stops an export that lacks its newest entries from passing beside a remembered checkpoint."""
    ours, earlier = await _recorded(trial, _EXPORTED)
    _, records = await _recorded(trial, _EXPORTED)
    note = trial.world.ledger.witness.notes()[file_name(_EXPORTED)]
    if not verify(
        records,
        key=ours,
        remembered=note,
    ).valid:
        raise WentThrough("an untouched ledger is not valid, so this proves nothing")
    if verify(
        earlier,
        key=ours,
        remembered=note,
    ).valid:
        raise WentThrough("a rollback went unseen")


async def forged_export(trial: Trial) -> None:
    """Stops an export from being called valid by the key that it brings itself."""
    await _recorded(trial, _EXPORTED)
    world = trial.world
    records: list[dict[str, str | int]] = []
    await audit.exported(world.store, world.ledger, records.append, log=_EXPORTED)
    file = trial.folder / "export.jsonl"
    file.write_text("".join(f"{json.dumps(record)}\n" for record in records), "utf-8")
    (ours,) = verify_export(file, key=world.ledger.public_key.hex())
    if not ours.valid:
        raise WentThrough("our own export is not valid, so this proves nothing")
    for key in (None, os.urandom(32).hex()):
        (report,) = verify_export(file, key=key)
        if report.valid:
            raise WentThrough(f"it is valid under the key {key}")


async def foreign_bytes(trial: Trial) -> None:
    """Stops stored bytes from opening that this home did not seal for their place."""
    key = trial.home.vault.known(HOME)
    stranger = DataKey(
        id=HOME,
        secret=os.urandom(32),
    )
    sealed = key.seal(b"probe", place="probe")
    foreign = stranger.seal(b"probe", place="probe")
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    if key.open(sealed, place="probe") != b"probe":
        raise WentThrough("what was sealed did not open, so the rest proves nothing")
    with refused("an unsealed blob", Tampered):
        key.open(b"probe", place="probe")
    with refused("a foreign blob", Tampered):
        key.open(foreign, place="probe")
    with refused("a blob of another place", Tampered):
        key.open(sealed, place="elsewhere")
    with refused("a changed blob", Tampered):
        key.open(changed, place="probe")


async def erased_run(trial: Trial) -> None:
    """Stops what was erased from being opened again."""
    run = await trial.start()
    world = trial.world
    await world.runs.end(
        run,
        "done",
        {},
    )
    await world.runs.erase(run.id, by="probe")
    with refused("the key of a run that was erased", Erased):
        await world.store.read(lambda connection: world.vault.key(connection, run.id))
    with refused("a run that was erased", BadInput, code="erased"):
        await world.runs.read(run.id)


async def emptied_witness(trial: Trial) -> None:
    """Stops entries in a log of which nothing outside the database says that it is the newest."""
    await trial.start()
    note = trial.folder / "witness" / file_name(_LOG)
    kept = note.rename(note.with_suffix(".kept"))
    try:
        with refused("an entry without a witness", RolledBack):
            await trial.start()
    finally:
        kept.rename(note)
    await trial.start()


async def restored_database(trial: Trial) -> None:
    """Stops entries in a log that was put back to an earlier state."""
    await trial.start()
    (head,) = await trial.rows(select(tables.ledger_head).where(_HEAD.log == _LOG))
    await trial.start()
    newer = (_ENTRIES.log == _LOG) & (_ENTRIES.seq >= head["size"])
    lost = await trial.rows(select(tables.ledger_entry).where(newer))
    (now,) = await trial.rows(select(tables.ledger_head).where(_HEAD.log == _LOG))
    here = update(tables.ledger_head).where(_HEAD.log == _LOG)
    await trial.sql(delete(tables.ledger_entry).where(newer), here.values(head))
    try:
        with refused("an entry after a rollback", RolledBack):
            await trial.start()
    finally:
        await trial.sql(
            delete(tables.ledger_entry).where(newer),
            insert(tables.ledger_entry).values(lost),
            here.values(now),
        )


async def emptied_database(trial: Trial) -> None:
    """Stops a database that lost its record from being taken for a new one."""
    folder = trial.folder / "emptied"
    folder.mkdir(exist_ok=True)
    async with scratch(trial.home.settings.database, folder) as url:
        async with _opened(url, folder) as storage:
            await activate(storage.store, storage.vault, revision="one")
            await storage.store.write(_emptied, logs=(HOME,))
        with refused("a database that was emptied", Tampered):
            async with _opened(url, folder) as storage:
                await activate(storage.store, storage.vault, revision="two")


async def older_note(trial: Trial) -> None:
    """Stops a checkpoint of a smaller log from taking the place of a newer one."""
    signer = Signer(
        key=trial.world.vault.signing,
        origin="probe/probe",
    )
    older = Frontier().append(leaf_hash(b"1"))
    newer = older.append(leaf_hash(b"2"))
    folder = trial.folder / "notes"
    witness = Witness(folder)
    witness.begin("probe")
    for tree in (newer, older):
        witness.keep(
            "probe",
            signer.sign(
                size=tree.size,
                root=tree.root(),
            ),
        )
    kept = whole_notes((folder / file_name("probe")).read_bytes())
    if len(kept) != 1:
        raise WentThrough("the older checkpoint was added")


async def _recorded(trial: Trial, log: str) -> tuple[bytes, list[Record]]:
    """Record one effect, and return our public key and the log as it is now."""
    run = await trial.start(principal=replace(AGENT, tenant=log))
    await trial.permitted(run, WRITE)
    records = await trial.world.store.read(
        lambda connection: list(export(connection, log))
    )
    return trial.world.ledger.public_key, records


def _changed(records: Sequence[Record], index: int) -> list[Record]:
    """Return the records with one character changed in the body of the record at *index*."""
    record = records[index]
    characters = list(str(record["body"]))
    middle = len(characters) // 2
    characters[middle] = chr(ord(characters[middle]) ^ 1)
    changed = list(records)
    changed[index] = record | {"body": "".join(characters)}
    return changed


def _opened(url: str, folder: Path) -> AbstractAsyncContextManager[Storage]:
    return Storage.open(
        database=url,
        keys=folder / "keys",
        witness=folder / "witness",
    )


def _emptied(tx: Tx) -> None:
    """Take away what tells a database that has begun from a new one."""
    for table in (tables.ledger_entry, tables.ledger_head, tables.data_key):
        tx.connection.execute(delete(table))


RECORD: Final = {
    "changed-entry": changed_entry,
    "shortened-export": shortened_export,
    "forged-export": forged_export,
    "foreign-bytes": foreign_bytes,
    "erased-run": erased_run,
    "emptied-witness": emptied_witness,
    "restored-database": restored_database,
    "emptied-database": emptied_database,
    "older-note": older_note,
}
