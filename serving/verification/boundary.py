"""The guards at the boundaries, each tried once: the policy engine, LangChain, stored bytes, the record, the parser."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final

from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.tools import StructuredTool
from sqlalchemy import insert

from interlock.runtime.errors import Tampered, Ungoverned
from interlock.runtime.graph.checkpoints import Checkpoints
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.answer import read
from interlock.runtime.record.audit_verify import verify
from interlock.runtime.record.events import HOME
from interlock.runtime.record.ledger import export
from interlock.runtime.record.store import tables
from interlock.runtime.record.vault import DataKey
from interlock.runtime.record.witness import file_name
from interlock.serving.home import decision_point
from interlock.serving.verification.starts import starts
from interlock.serving.verification.trial import WRITE, Trial, WentThrough, refused
from interlock.tools.sandbox.limits import Limits
from interlock.tools.sandbox.process import escapes

_GOOD: Final[Mapping[str, Any]] = {
    "effect": "permit",
    "obligations": [],
    "revision": "0",
    "reasons": [{"code": "granted", "rule": "probe", "parameters": {}}],
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
    request = next(iter(starts(home.bundle, home.pep.tools, tenant=home.settings.tenant).values()))
    async with AsyncExitStack() as stack:
        point = await decision_point(home.settings, replace(home.bundle, revision="0" * 64), stack)
        _denied(await point.decide(request), "pdp_revision")


async def answer(trial: Trial) -> None:
    """An answer of the engine that is not exactly one is a deny."""
    for each in _GARBLED:
        _denied(read(each, revision="0", engine="probe", messages={}), "pdp_malformed")
    if read(dict(_GOOD), revision="0", engine="probe", messages={}).effect != "permit":
        raise WentThrough("a good answer was not taken, so the others prove nothing")


async def tripwire(trial: Trial) -> None:
    """A LangChain model or tool that is called beside the door does not run."""
    called: list[str] = []

    def note(text: str) -> None:
        called.append(text)

    spare = StructuredTool.from_function(note, description="probe")
    with _unlogged("langchain_core.callbacks.manager"):
        with refused("a model", Ungoverned):
            await FakeListChatModel(responses=["probe"]).ainvoke("probe")
        with refused("a tool", Ungoverned):
            await spare.ainvoke({"text": "probe"})
    if called:
        raise WentThrough("the tool ran")


async def seal(trial: Trial) -> None:
    """Stored bytes that this home did not seal for their place are not opened."""
    key = trial.home.vault.known(HOME)
    sealed, foreign = (
        key.seal(b"probe", place="probe"),
        DataKey(id=HOME, secret=os.urandom(32)).seal(b"probe", place="probe"),
    )
    if key.open(sealed, place="probe") != b"probe":
        raise WentThrough("what was sealed did not open, so the rest proves nothing")
    for what, blob, place in (
        ("an unsealed blob", b"probe", "probe"),
        ("a foreign blob", foreign, "probe"),
        ("a blob of another place", sealed, "elsewhere"),
        ("a changed blob", sealed[:-1] + bytes([sealed[-1] ^ 1]), "probe"),
    ):
        with refused(what, Tampered):
            key.open(blob, place=place)


async def checkpoint(trial: Trial) -> None:
    """A checkpoint of the graph that its run did not seal is not loaded."""
    run, world = await trial.world.start(), trial.world
    row = {
        "thread_id": run.id,
        "ns": "",
        "checkpoint_id": "probe",
        "parent_id": "",
        "sealed": b"msgpack\nprobe",
        "metadata": b"msgpack\nprobe",
    }
    await world.store.write(lambda tx: tx.connection.execute(insert(tables.checkpoint), row))
    saver = Checkpoints(store=world.store, key=world.vault.known(run.id), run=run)
    with refused("a crafted checkpoint", Tampered):
        await saver.aget_tuple({"configurable": {"thread_id": run.id}})


async def ledger(trial: Trial) -> None:
    """The verifier sees one changed character of any entry, a ledger that was rolled back, and another key."""
    run, ours = await trial.world.start(), trial.world.ledger.public_key
    earlier = await _exported(trial, run.tenant)
    await trial.permitted(run, WRITE)
    await trial.world.store.durable(run.claim)
    records = await _exported(trial, run.tenant)
    remembered = trial.world.ledger.witness.notes()[file_name(run.tenant)]
    if not verify(records, key=ours, remembered=remembered).valid:
        raise WentThrough("an untouched ledger is not valid, so the rest proves nothing")
    bad = {
        "another key": verify(records, key=os.urandom(32)),
        "a rollback": verify(earlier, key=ours, remembered=remembered),
    }
    for index, record in enumerate(records):
        if record["kind"] == "entry":
            changed = [
                *records[:index],
                record | {"body": _flipped(str(record["body"]))},
                *records[index + 1 :],
            ]
            bad[f"a change of entry {record['seq']}"] = verify(changed, key=ours)
    if unseen := [what for what, report in bad.items() if report.valid]:
        raise WentThrough(
            f"{len(unseen)} of {len(bad)} changes went unseen, the first is {unseen[0]}"
        )


async def parser(trial: Trial) -> None:
    """The process that parses documents reaches no network, no file and no other process."""
    if escaped := await escapes(Limits()):
        raise WentThrough(", ".join(escaped))


@contextmanager
def _unlogged(name: str) -> Iterator[None]:
    """Keep a logger from telling people of the refusal that was asked for."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


async def _exported(trial: Trial, log: str) -> list[dict[str, str | int]]:
    return await trial.world.store.read(lambda connection: list(export(connection, log)))


def _flipped(body: str) -> str:
    middle = len(body) // 2
    return f"{body[:middle]}{chr(ord(body[middle]) ^ 1)}{body[middle + 1 :]}"


def _denied(decision: Decision, code: str) -> None:
    codes = [reason.code for reason in decision.reasons]
    if decision.effect != "deny" or codes != [code]:
        raise WentThrough(
            f"it should be a deny with {code}, it is {decision.effect} with {', '.join(codes)}"
        )


BOUNDARIES: Final = {
    "policy revision": revision,
    "policy answer": answer,
    "tripwire": tripwire,
    "seal": seal,
    "checkpoint": checkpoint,
    "ledger": ledger,
    "parser": parser,
}
