"""The guards at the boundaries, each tried once.

The boundaries are the policy engine, LangChain, stored bytes, the record and the parser.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final, TypeAlias

from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.tools import StructuredTool
from sqlalchemy import insert

from interlock.runtime.errors import Tampered, Ungoverned
from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.graph.tripwire import governing
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.answer import read
from interlock.runtime.record.audit_verify import verify
from interlock.runtime.record.events import HOME
from interlock.runtime.record.logs import export
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.record.witness import file_name
from interlock.serving.desk import decision_point
from interlock.serving.verification.starts import starts
from interlock.serving.verification.trial import (
    WRITE,
    Trial,
    WentThrough,
    refused,
)
from interlock.tools.sandbox.limits import Limits
from interlock.tools.sandbox.process import escapes

Record: TypeAlias = dict[str, str | int]

_GOOD: Final[Mapping[str, Any]] = {
    "effect": "permit",
    "obligations": [],
    "revision": "0",
    "reasons": [
        {
            "code": "granted",
            "rule": "probe",
            "parameters": {},
        }
    ],
}
_GARBLED: Final[tuple[Any, ...]] = (
    None,
    {},
    [],
    "permit",
    {"effect": "permit"},
    {**_GOOD, "reasons": []},
    {**_GOOD, "extra": 1},
)


async def revision(trial: Trial) -> None:
    """An engine that answers under another revision than the one insisted on denies everything."""
    home = trial.home
    settings = home.settings
    requests = starts(home.bundle, home.pep.tools, tenant=settings.tenant)
    other = replace(home.bundle, revision="0" * 64)
    async with AsyncExitStack() as stack:
        point = await decision_point(settings, other, stack)
        for request in requests.values():
            decision = await point.decide(request)
            _denied(decision, "pdp_revision")
    if not requests:
        raise WentThrough("there was nothing to ask, so this proves nothing")


async def answer(trial: Trial) -> None:
    """An answer of the engine that is not exactly one is a deny."""
    for garbled in _GARBLED:
        decision = _read(garbled)
        _denied(decision, "pdp_malformed")
    good = _read(dict(_GOOD))
    if good.effect != "permit":
        raise WentThrough("a good answer was not taken, so the others prove nothing")


async def tripwire(trial: Trial) -> None:
    """A LangChain model or tool that is called beside the door does not run."""
    called: list[str] = []

    def note(text: str) -> None:
        called.append(text)

    model = FakeListChatModel(responses=["probe"])
    spare = StructuredTool.from_function(note, description="probe")
    with _unlogged("langchain_core.callbacks.manager"), governing():
        with refused("a model", Ungoverned):
            await model.ainvoke("probe")
        with refused("a tool", Ungoverned):
            await spare.ainvoke({"text": "probe"})
    if called:
        raise WentThrough("the tool ran")


async def seal(trial: Trial) -> None:
    """Stored bytes that this home did not seal for their place are not opened."""
    key = trial.home.vault.known(HOME)
    stranger = DataKey(id=HOME, secret=os.urandom(32))
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


async def checkpoint(trial: Trial) -> None:
    """A checkpoint of the graph that its run did not seal is not loaded."""
    world = trial.world
    run = await world.start()
    row = {
        "thread_id": run.id,
        "ns": "",
        "checkpoint_id": "probe",
        "fence": run.fence,
        "parent_id": "",
        "sealed": b"msgpack\nprobe",
        "metadata": b"msgpack\nprobe",
    }
    statement = insert(tables.checkpoint).values(row)
    await world.store.write(lambda tx: tx.connection.execute(statement))
    key = world.vault.known(run.id)
    saver = Checkpoints(
        store=world.store,
        key=key,
        run=run,
    )
    with refused("a crafted checkpoint", Tampered):
        await saver.aget_tuple({"configurable": {"thread_id": run.id}})


async def ledger(trial: Trial) -> None:
    """The verifier sees one changed character of any entry, a rolled-back ledger, another key."""
    world = trial.world
    ours = world.ledger.public_key
    run = await world.start()
    earlier = await _exported(trial, run.tenant)
    await trial.permitted(run, WRITE)
    await world.store.durable(run.claim)
    records = await _exported(trial, run.tenant)
    notes = world.ledger.witness.notes()
    remembered = notes[file_name(run.tenant)]
    untouched = verify(records, key=ours, remembered=remembered)
    if not untouched.valid:
        raise WentThrough(
            "an untouched ledger is not valid, so the rest proves nothing"
        )
    under_another_key = verify(records, key=os.urandom(32))
    if under_another_key.valid:
        raise WentThrough("another key went unseen")
    rolled_back = verify(earlier, key=ours, remembered=remembered)
    if rolled_back.valid:
        raise WentThrough("a rollback went unseen")
    for index, record in enumerate(records):
        if record["kind"] != "entry":
            continue
        changed = verify(_changed(records, index), key=ours)
        if changed.valid:
            raise WentThrough(f"a change of entry {record['seq']} went unseen")


async def parser(trial: Trial) -> None:
    """The process that parses documents reaches no network, no file and no other process."""
    escaped = await escapes(Limits())
    if escaped:
        raise WentThrough(", ".join(escaped))


@contextmanager
def _unlogged(name: str) -> Iterator[None]:
    """Silence a logger, which would report the refusals that are provoked here."""
    logger = logging.getLogger(name)
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


def _read(content: Any) -> Decision:
    return read(
        content,
        revision="0",
        engine="probe",
        messages={},
    )


async def _exported(trial: Trial, log: str) -> list[Record]:
    return await trial.world.store.read(
        lambda connection: list(export(connection, log))
    )


def _changed(records: Sequence[Record], index: int) -> list[Record]:
    """Return the records with one character changed in the body of the record at *index*."""
    record = records[index]
    characters = list(str(record["body"]))
    middle = len(characters) // 2
    characters[middle] = chr(ord(characters[middle]) ^ 1)
    changed = list(records)
    changed[index] = record | {"body": "".join(characters)}
    return changed


def _denied(decision: Decision, code: str) -> None:
    codes = [reason.code for reason in decision.reasons]
    if decision.effect != "deny" or codes != [code]:
        said = " ".join((decision.effect, *codes))
        raise WentThrough(f"it should be a deny with {code}, it is {said}")


BOUNDARIES: Final = {
    "policy revision": revision,
    "policy answer": answer,
    "tripwire": tripwire,
    "seal": seal,
    "checkpoint": checkpoint,
    "ledger": ledger,
    "parser": parser,
}
