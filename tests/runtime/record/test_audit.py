"""The logs of one home: each tenant has its own, and each is verified, exported and
witnessed alone.
"""

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, delete, event, insert, select, text

from interlock.runtime.errors import NotFound, NotWitnessed, Tampered
from interlock.runtime.policy.request import Principal
from interlock.runtime.record import audit
from interlock.runtime.record.audit_verify import verify_export
from interlock.runtime.record.events import HOME
from interlock.runtime.record.logs import names
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.record.watch import Watch
from interlock.runtime.record.witness import file_name
from interlock.runtime.run import limit
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.testing import PLENTY, REVISION, Effects, World

#: Names that an origin, a file name or a query could take for something else
ODD = ("a b", "a+b", "../up", "a/b", "%2F", "naïve", "x" * 64, "ü" * 64, "home")


def tool_world(folder: Path, url: str | None = None) -> World:
    return World(folder, tools=[Effects().tool("note.write")], url=url)


async def start(world: World, tenant: str) -> Run:
    """Start a run of the tenant."""
    who = Principal(
        id="agent:test", tenant=tenant, roles=("contract_review",), on_behalf_of="ana"
    )
    return await world.runs.start(
        NewRun(
            agent="test",
            principal=who,
            request={},
            limits=PLENTY,
            autonomy=2,
            revision=REVISION,
            intent=None,
        )
    )


async def act(world: World, run: Run) -> None:
    """Do one effect of the run and wait until its outcome is durable."""
    await world.pep.enforce(
        run, tool="note.write", arguments={"text": "x"}, call_id="1"
    )
    await world.store.durable(run.claim)


async def export(world: World, file: Path, *, log: str | None = None) -> None:
    """Write an export as the command does."""
    records: list[dict[str, str | int]] = []
    await audit.exported(world.store, world.ledger, records.append, log=log)
    file.write_text("".join(f"{json.dumps(record)}\n" for record in records))


def events(entries: list[dict[str, Any]], log: str) -> list[str]:
    return [entry["body"]["event"] for entry in entries if entry["log"] == log]


async def test_each_tenant_has_a_log_of_its_own(
    database_url: str, tmp_path: Path
) -> None:
    """Entries stand in the log of their tenant, numbered from 0, and every log verifies alone."""
    async with tool_world(tmp_path, database_url) as world:
        first, second = await start(world, "a"), await start(world, "b")
        await act(world, first)
        await act(world, second)
        await act(world, await start(world, "a"))
        entries = await audit.entries(world.store, world.vault)
        of_b = await audit.verified(world.store, world.vault, world.ledger, log="b")
        whole = await world.verify()

    assert events(entries, "b") == ["run_started", "intent", "outcome"]
    assert events(entries, "a") == ["run_started", "intent", "outcome"] * 2
    assert [entry["body"]["seq"] for entry in entries if entry["log"] == "a"] == list(
        range(6)
    )
    assert [(report.log, report.size) for report in of_b.reports] == [("b", 3)]
    assert sorted((report.log, report.size) for report in whole.reports) == [
        (HOME, 0),
        ("a", 6),
        ("b", 3),
    ]
    assert whole.problems == []


@pytest.mark.parametrize("tenant", ODD)
async def test_a_log_may_be_named_like_anything(tmp_path: Path, tenant: str) -> None:
    """Whatever a tenant is called, its log is witnessed, verified, and exported under a
    C2SP origin.
    """
    async with tool_world(tmp_path / "home") as world:
        await act(world, await start(world, tenant))
        report = await world.verify()
        await export(world, tmp_path / "export", log=tenant)
        origin = world.ledger.origin(tenant)

    assert report.problems == []
    assert not set(" +\n").intersection(origin)
    assert [one.log for one in verify_export(tmp_path / "export")] == [tenant]
    assert {path.parent for path in tmp_path.rglob("*.note")} == {
        tmp_path / "home" / "witness"
    }


async def test_tenants_do_not_wait_for_each_other(
    fresh_postgres: str, tmp_path: Path
) -> None:
    """While another connection holds the heads of one log and of the home's, others go on."""
    async with tool_world(tmp_path, fresh_postgres) as world:
        busy, free = await start(world, "busy"), await start(world, "free")
        engine = create_engine(world.store.engine.url)
        with engine.begin() as other:
            held = select(tables.ledger_head).where(
                tables.ledger_head.c.log.in_(("busy", HOME))
            )
            other.execute(held.with_for_update())
            async with asyncio.timeout(10):
                await act(world, free)
            waiting = asyncio.create_task(act(world, busy))
            _, pending = await asyncio.wait([waiting], timeout=0.3)
            assert pending == {waiting}
        engine.dispose()
        await waiting
        assert (await world.verify()).problems == []


async def test_a_switch_is_told_to_every_log_it_stops(
    database_url: str, tmp_path: Path
) -> None:
    """A switch stands in the home's log and in the log of every tenant it stops, and in no
    other.
    """
    async with tool_world(tmp_path, database_url) as world:
        run = await start(world, "a")
        await start(world, "b")
        for scope, name in (
            ("all", ""),
            ("tool", "x"),
            ("tenant", "b"),
            ("run", run.id),
        ):
            await KillSwitches(world.store).engage(scope, name, by="ana")  # type: ignore[arg-type]  # from the list above
        entries = await audit.entries(world.store, world.vault)
        assert (await world.verify()).problems == []

    scopes = {
        log: [
            entry["body"]["scope"]
            for entry in entries
            if "scope" in entry["body"] and entry["log"] == log
        ]
        for log in ("a", "b", HOME)
    }
    assert scopes == {
        "a": ["all", "tool", "run"],
        "b": ["all", "tool", "tenant"],
        HOME: ["all", "tool", "tenant", "run"],
    }


async def test_a_new_log_is_told_of_the_switches_that_stop_it(
    database_url: str, tmp_path: Path
) -> None:
    """A log that begins while switches are engaged begins with those that stop its tenant."""
    async with tool_world(tmp_path, database_url) as world:
        for scope, name in (("all", ""), ("tenant", "a"), ("tenant", "b")):
            await KillSwitches(world.store).engage(scope, name, by="ana")  # type: ignore[arg-type]  # from the list above
        await start(world, "a")
        entries = await audit.entries(world.store, world.vault, log="a")
        assert (await world.verify()).problems == []

    assert events(entries, "a") == ["kill_switch", "kill_switch", "run_started"]
    assert [entry["body"]["id"] for entry in entries[:2]] == ["", "a"]


async def test_an_effect_under_a_switch_of_its_tenant_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An effect recorded while a switch stops its tenant is a problem of that tenant's log alone.

    Only a program whose watch is taken away records one.
    """
    monkeypatch.setattr(Watch, "confirm", lambda *_, **__: None)
    async with tool_world(tmp_path) as world:
        first, second = await start(world, "a"), await start(world, "b")
        await KillSwitches(world.store).engage("tenant", "a", by="ana")
        await world.store.write(
            lambda tx: tx.connection.execute(delete(tables.kill_switch))
        )
        await act(world, first)
        await act(world, second)
        problems = (await world.verify()).problems

    assert [(problem.code, problem.log) for problem in problems] == [
        ("effect_while_killed", "a")
    ]


async def test_a_log_that_is_gone_is_missed(tmp_path: Path) -> None:
    """A log removed from the database whole is a problem as long as the witness remembers it."""
    async with tool_world(tmp_path / "home") as world:
        await start(world, "a")
        await start(world, "b")
        note = world.ledger.witness.notes()["a.note"]

        def remove(tx: Tx) -> None:
            for table in (tables.ledger_entry, tables.ledger_head):
                tx.connection.execute(delete(table).where(table.c.log == "a"))

        await world.store.write(remove)
        problems = (await world.verify()).problems
        await export(world, tmp_path / "export")
        key = world.ledger.public_key.hex()

    reports = verify_export(tmp_path / "export", key=key, remembered=[note])
    assert [problem.code for problem in problems] == ["missing_log"]
    assert {one.log: one.valid for one in reports} == {
        HOME: True,
        "a": False,
        "b": True,
    }


@pytest.mark.parametrize("least", [0, 1])
async def test_a_log_that_was_put_back_takes_no_entry(
    tmp_path: Path, least: int
) -> None:
    """What the witness remembers must still be there, or the next commit would hide the loss."""
    async with tool_world(tmp_path) as world:
        run = await start(world, "a")
        here = tables.ledger_head.c.log == "a"
        before = await world.store.read(
            lambda connection: (
                connection.execute(select(tables.ledger_head).where(here))
                .mappings()
                .one()
            )
        )
        await act(world, run)
        witnessed = world.ledger.witness.notes()["a.note"]

        def put_back(tx: Tx) -> None:
            entries = tables.ledger_entry.c
            tx.connection.execute(
                delete(tables.ledger_entry).where(
                    entries.log == "a", entries.seq >= least
                )
            )
            tx.connection.execute(delete(tables.ledger_head).where(here))
            if least:
                tx.connection.execute(insert(tables.ledger_head).values(dict(before)))

        await world.store.write(put_back)
        with pytest.raises(Tampered):
            await start(world, "a")
    with pytest.raises(Tampered):
        async with tool_world(tmp_path) as again:
            await start(again, "a")
    assert world.ledger.witness.notes()["a.note"] == witnessed


async def test_no_two_logs_share_a_witness(tmp_path: Path) -> None:
    """Not even a log that is named like the digest that another log's file is named by, or one
    that differs in case where the file system knows none.
    """
    name = "x" * 250
    names = [name, sha256(name.encode()).hexdigest(), "Acme", "acme"]
    assert len({file_name(one).lower() for one in names}) == len(names)


async def test_a_log_without_its_head_takes_no_entry(tmp_path: Path) -> None:
    """Entries without a head are not begun anew, neither by this process nor by another."""
    async with tool_world(tmp_path) as world:
        run = await start(world, "a")
        gone = delete(tables.ledger_head).where(tables.ledger_head.c.log == "a")
        await world.store.write(lambda tx: tx.connection.execute(gone))
        with pytest.raises(Tampered):
            await act(world, run)
    async with tool_world(tmp_path) as world:
        with pytest.raises(Tampered):
            await start(world, "a")


async def test_an_unknown_log_is_named(tmp_path: Path) -> None:
    """Verifying or exporting a log that has not begun is refused by name."""
    async with tool_world(tmp_path) as world:
        with pytest.raises(NotFound):
            await audit.verified(world.store, world.vault, world.ledger, log="nobody")
        with pytest.raises(NotFound):
            await audit.exported(world.store, world.ledger, print, log="nobody")
        assert await world.store.read(names) == [HOME]


async def test_two_processes_write_one_log(database_url: str, tmp_path: Path) -> None:
    """Two writers of one log take turns: what one remembers of it is forgotten when the
    other wrote.
    """
    async with (
        tool_world(tmp_path, database_url) as one,
        tool_world(tmp_path, database_url) as two,
    ):
        first = await start(one, "a")
        second = await start(two, "a")
        await act(one, first)
        await act(two, second)
        await two.runs.cancel(first.id, by="ana")
        await one.store.write(
            lambda tx: limit.raise_limit(
                tx,
                budget_id=first.budget_id,
                kind="steps",
                amount=1,
            ),
            logs=("a",),
        )
        assert (await one.verify()).problems == []
        assert (await two.verify()).size == 8


async def test_a_transaction_may_write_several_logs(
    database_url: str, tmp_path: Path
) -> None:
    """Runs of several tenants that are committed together are each recorded in their own log."""
    async with tool_world(tmp_path, database_url) as world:
        await asyncio.gather(*(start(world, tenant) for tenant in "abcabc"))
        report = await world.verify()

    assert [one.size for one in report.reports] == [0, 2, 2, 2]
    assert report.problems == []


async def test_a_witness_that_cannot_be_written_is_heard(tmp_path: Path) -> None:
    """A checkpoint that cannot be kept is raised at the waiter; what was handed in is recorded."""
    note = tmp_path / "witness" / "a.note"
    async with tool_world(tmp_path) as world:
        await start(world, "a")
        # Between the look at the witness and the commit.
        event.listen(world.store.engine, "commit", lambda _: note.unlink())
        with pytest.raises(NotWitnessed):
            await start(world, "a")
        count = await world.store.read(
            lambda connection: connection.execute(
                text("SELECT count(*) FROM run")
            ).scalar_one()
        )

    assert count == 2
