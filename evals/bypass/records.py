"""Records that miss what happened, are changed or put back unseen, or keep what was erased."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import delete, insert, select, update

from interlock.evals.bypass.case import Bypass
from interlock.evals.bypass.counter import HONEST, Counter
from interlock.evals.bypass.tools import HOSTILE, PAY
from interlock.evals.guarantees.door import DOOR
from interlock.evals.guarantees.patch import nothing, replacing
from interlock.evals.guarantees.record import RECORD
from interlock.runtime.errors import InterlockError
from interlock.runtime.record import audit
from interlock.runtime.record.audit_verify import verify_export
from interlock.runtime.record.store import tables
from interlock.runtime.run import action

_ENTRIES: Final = tables.ledger_entry.c
_HEAD: Final = tables.ledger_head.c
_LOG: Final = "default"
_WORDS: Final = "Orchidee 4711"


async def _unwritable(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    head = await counter.runtime.ledger.head(_LOG)
    # Where the intent's entry would stand, another stands already.
    entry = {"log": _LOG, "seq": head.size, "run_id": "", "event": "", "body": b""}
    counter.sql(insert(tables.ledger_entry).values({**entry, "leaf": b""}))
    await visit.pays()
    return counter.beyond()


async def _lost_refusals(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    await visit.tried(
        PAY,
        recipient=HOSTILE,
        amount=900,
    )
    entries = await counter.entries()
    denied = [one for one in entries if one.get("state") == "denied"]
    return "" if denied else "nothing is recorded of a refusal"


async def _changed(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    await visit.must(PAY, **HONEST)
    here = (_ENTRIES.log == _LOG) & (_ENTRIES.event == "intent")
    (row,) = await counter.rows(select(_ENTRIES.body).where(here))
    body = row["body"].replace(b'"bank.pay"', b'"bank.pax"')
    counter.sql(update(tables.ledger_entry).where(here).values(body=body))
    return "the changed record is valid" if await _is_valid(counter) else ""


async def _put_back(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    (head,) = await counter.rows(select(tables.ledger_head).where(_HEAD.log == _LOG))
    await visit.must(PAY, **HONEST)
    newer = (_ENTRIES.log == _LOG) & (_ENTRIES.seq >= head["size"])
    here = update(tables.ledger_head).where(_HEAD.log == _LOG)
    counter.sql(
        delete(tables.ledger_entry).where(newer),
        delete(tables.action),
        here.values(head),
    )
    with suppress(InterlockError):
        await counter.begin()
        return "the log that was put back goes on"
    return ""


async def _forged_export(counter: Counter) -> str:
    await (await counter.begin(autonomy=3)).must(PAY, **HONEST)
    runtime = counter.runtime
    records: list[dict[str, str | int]] = []
    await audit.exported(runtime.store, runtime.ledger, records.append, log=_LOG)
    file = counter.folder / "export.jsonl"
    file.write_text("".join(f"{json.dumps(record)}\n" for record in records), "utf-8")
    for key in (None, os.urandom(32).hex()):
        (report,) = verify_export(file, key=key)
        if report.valid:
            return f"an export is valid under the key {key}"
    return ""


async def _erased(counter: Counter) -> str:
    visit = await counter.begin(autonomy=3)
    await visit.must(
        PAY,
        **HONEST,
        subject=_WORDS,
    )
    runs = counter.runtime.runs
    await runs.end(visit.run, "done", {})
    await runs.erase(visit.run.id, by="probe")
    opened: Any = ""
    with suppress(InterlockError):
        opened = repr(await audit.entries(counter.runtime.store, counter.runtime.vault))
    return "the words of an erased run are read" if _WORDS in opened else ""


async def _is_valid(counter: Counter) -> bool:
    runtime = counter.runtime
    report = await audit.verified(
        runtime.store, runtime.vault, runtime.ledger, log=_LOG
    )
    return not report.problems


RECORDS: Final[Mapping[str, Bypass]] = {
    "records.unwritable": Bypass(
        program=_unwritable, without=DOOR["unrecorded-effect"]
    ),
    "records.lost-refusals": Bypass(
        program=_lost_refusals, without=replacing(action, "deny", nothing)
    ),
    "records.changed": Bypass(
        program=_changed,
        without=RECORD["changed-entry"],
    ),
    "records.put-back": Bypass(
        program=_put_back,
        without=RECORD["restored-database"],
    ),
    "records.forged-export": Bypass(
        program=_forged_export, without=RECORD["forged-export"]
    ),
    "records.erased": Bypass(
        program=_erased,
        without=RECORD["erased-run"],
    ),
}
