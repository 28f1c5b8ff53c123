"""Erasure: what is gone, what still verifies, and what may not be erased."""

import sqlite3
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from interlock.runtime.canonical import digest
from interlock.runtime.door.outcome import Waiting
from interlock.runtime.errors import BadInput, GuardFailed, NotFound
from interlock.runtime.policy.label import Label
from interlock.runtime.record.audit import erased
from interlock.runtime.record.state import differences
from interlock.runtime.record.store import Store, tables
from interlock.runtime.run.approvals import Approvals
from interlock.runtime.testing import REVIEWER, Effects, StaticPoint, World, tampering


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """A world of one test."""
    return World(tmp_path)


async def test_an_erased_run_is_gone_and_the_ledger_still_verifies(
    world: World,
) -> None:
    """After an erasure nothing of the run can be read, lists show it as erased, and the
    ledger is valid and says so.
    """
    async with world:
        run, other = await world.start(request={"who": "ana"}), await world.start()
        await world.runs.end(run, "done", {"said": "something"})
        await world.runs.erase(run.id, by="ada")

        with pytest.raises(BadInput) as refused:
            await world.runs.read(run.id)
        listed = {run.id: run.erased for run in await world.runs.list()}
        approvals = await Approvals(store=world.store, vault=world.vault).list()
        recorded = await world.store.read(erased)
        report = await world.verify()

    assert refused.value.code == "erased"
    assert listed == {run.id: True, other.id: False}
    assert (approvals, recorded, report.problems) == ([], frozenset({run.id}), [])


async def columns(store: Store) -> str:
    """Return every value of every table as text."""

    def look(connection: Connection) -> str:
        rows = (
            connection.execute(select(table)).all()
            for table in tables.metadata.sorted_tables
        )
        return "\n".join(
            str(value) for row in chain.from_iterable(rows) for value in row
        )

    return await store.read(look)


async def test_after_an_erasure_no_guess_can_be_checked(
    tmp_path: Path, database_url: str
) -> None:
    """No column holds an unsalted digest of what the run asked for or showed, or the name of what
    it read.
    """
    effects = Effects()
    label = Label(
        integrity="untrusted", confidentiality="internal", sources=("document:canary",)
    )
    pdp = StaticPoint(
        effects=dict.fromkeys(("web.read", "note.wait", "note.write"), "permit"),
        waiting=frozenset({"note.wait"}),
    )
    tools = [
        effects.tool("note.write"),
        effects.tool("note.wait"),
        effects.tool("web.read", "read", yields=lambda a, r: label),
    ]
    async with World(
        tmp_path / "home", tools=tools, pdp=pdp, url=database_url
    ) as world:
        run, other = await world.start(request={"to": "bob"}), await world.start()
        for number, name in enumerate(
            ("web.read", "note.write", "note.wait", "note.never")
        ):
            await world.pep.enforce(
                run, tool=name, arguments={"text": "a"}, call_id=f"{number}"
            )
        await world.pep.enforce(
            other, tool="note.write", arguments={"text": "b"}, call_id="1"
        )
        (summary,) = await world.approvals.list()
        approval = await world.approvals.read(summary.id)
        await world.runs.end(run, "done", {})
        guesses = {each.digest for each in pdp.asked[:-1]} | {
            approval.evidence_digest,
            "document:canary",
        }
        asked = [
            {"principal": asdict(each.principal), "arguments": each.action.arguments}
            for each in pdp.asked[:-1]
        ]
        guesses |= {digest(value) for each in asked for value in each.values()} | {
            digest(run.request)
        }
        before = await columns(world.store)
        await world.runs.erase(run.id, by="ada")
        after = await columns(world.store)

        assert (
            len([each for each in guesses if each in before]) == 6
        )  # four requests, the evidence, the source
        assert [each for each in guesses if each in after] == []
        assert pdp.asked[-1].digest in after  # another run keeps its own
        assert (await world.verify()).problems == []


async def test_only_an_ended_run_is_erased(world: World) -> None:
    """A run that goes on is not erased under its worker, and an unknown one is named."""
    async with world:
        run = await world.start()
        with pytest.raises(BadInput) as refused:
            await world.runs.erase(run.id, by="ada")
        with pytest.raises(NotFound):
            await world.runs.erase("run-0", by="ada")
        kept = await world.runs.read(run.id)

    assert refused.value.code == "not_ended"
    assert kept.id == run.id


async def test_an_erased_run_is_not_erased_again(world: World) -> None:
    """A second erasure only finishes what a killed one left: it records nothing."""
    async with world:
        run = await world.start()
        await world.runs.end(run, "done", {})
        await world.runs.erase(run.id, by="ada")
        before = (await world.ledger.head("default")).size
        await world.runs.erase(run.id, by="ada")

        assert (await world.ledger.head("default")).size == before


async def test_no_file_keeps_an_erased_key(world: World) -> None:
    """After an erasure the run's key stands in no file of the database, not in a free page and
    not in the log of SQLite, and a reader that needs the log makes the erasure say so.
    """
    async with world:
        run = await world.start()
        await world.runs.end(run, "done", {})
        wrapped = await world.store.read(lambda look: _wrapped(look, run.id))
        file = Path(str(world.store.engine.url.database))
        reader = sqlite3.connect(file, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM run").fetchone()
        with pytest.raises(GuardFailed, match="database log"):
            await world.runs.erase(run.id, by="ada")
        kept = _holding(file, wrapped)
        reader.close()
        await world.runs.erase(run.id, by="ada")

        assert (bool(kept), _holding(file, wrapped)) == (True, [])


def _wrapped(connection: Connection, run_id: str) -> bytes:
    keys = tables.data_key.c
    query = select(keys.wrapped).where(keys.id == run_id)
    return bytes(connection.execute(query).scalar_one())


def _holding(file: Path, content: bytes) -> list[str]:
    """Return the files of the database that hold *content*."""
    return [
        path.name
        for path in file.parent.glob(f"{file.name}*")
        if content in path.read_bytes()
    ]


async def test_nothing_of_an_erased_run_is_said_to_be_tampered(tmp_path: Path) -> None:
    """Whatever of an erased run is asked for, the answer is that the run was erased."""
    effects = Effects()
    point = StaticPoint(
        effects={"note.write": "permit"}, waiting=frozenset({"note.write"})
    )
    tools = [effects.tool("note.write")]
    async with World(tmp_path, tools=tools, pdp=point) as world:
        run = await world.start()
        outcome = await world.pep.enforce(
            run, tool="note.write", arguments={"text": "x"}, call_id="1"
        )
        assert isinstance(outcome, Waiting)
        approval = outcome.approval_id
        await world.runs.end(run, "done", {"said": "something"})
        await world.runs.erase(run.id, by="ada")

        codes = []
        for asked in (
            world.runs.outcome(run.id),
            world.approvals.read(approval),
            world.approvals.decide(
                approval, reviewer=REVIEWER, verdict="approved", shown="", note="yes"
            ),
        ):
            with pytest.raises(BadInput) as refused:
                await asked
            codes.append(refused.value.code)

    assert codes == ["erased"] * 3


async def test_an_erasure_that_was_undone_can_be_made_again(world: World) -> None:
    """A data key that somebody put back, from an older copy perhaps, is destroyed again."""
    async with world:
        run = await world.start()
        with tampering(world.store) as connection:
            key = connection.execute(
                select(tables.data_key).where(tables.data_key.c.id == run.id)
            ).mappings()
            kept = dict(key.one())
        await world.runs.end(run, "done", {})
        await world.runs.erase(run.id, by="ada")
        with tampering(world.store) as connection:
            connection.execute(insert(tables.data_key), kept)
        await world.runs.erase(run.id, by="ada")

        assert await differences(world.store, world.vault) == []
        assert (await world.verify()).problems == []
