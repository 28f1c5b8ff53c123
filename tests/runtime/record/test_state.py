"""The working tables against the ledger: an honest home differs nowhere, a changed row is named."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Executable,
    Integer,
    Table,
    and_,
    delete,
    insert,
    select,
    update,
)

from interlock.runtime.door.outcome import Expired, Waiting
from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.policy.decision import MINT, Decision, Permit
from interlock.runtime.policy.engine.answer import trouble
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.record import state
from interlock.runtime.record.derived_tables import DERIVED
from interlock.runtime.record.state import NOT_DERIVED, Difference
from interlock.runtime.record.store import Tx, postgresql, tables
from interlock.runtime.run import (
    account,
    canary,
    delivery,
    job,
    limit,
    webhook,
    widening,
)
from interlock.runtime.run.api_key import ApiKey, keep_key
from interlock.runtime.run.deposit import Deposit, Deposits
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.pin import Pins
from interlock.runtime.run.retention import prune
from interlock.runtime.run.run import Run
from interlock.runtime.run.shelf import Shelf
from interlock.runtime.testing import (
    REVIEWER,
    REVISION,
    Effects,
    Note,
    StaticPoint,
    World,
    tampering,
)

WEB = Label(integrity="untrusted", confidentiality="internal", sources=("web",))


class Ticking:
    """A clock that moves on by a second whenever it is read."""

    def __init__(self) -> None:
        self.now = 1_800_000_000

    def __call__(self) -> float:
        """Return the time."""
        self.now += 1
        return float(self.now)


@dataclass(kw_only=True)
class Point(StaticPoint):
    """A table of answers that is silent about the tools in `silent`."""

    silent: set[str] = field(default_factory=set)
    clock: Ticking = field(default_factory=Ticking)

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the table's answer, or what stands for a failure."""
        if request.action.tool in self.silent:
            return trouble(
                "pdp_unavailable", revision=REVISION, engine=self.engine, detail="cut"
            )
        return await super().decide(request)


def raising(error: BaseException) -> Callable[[Permit, Note], Awaitable[Note]]:
    async def act(permit: Permit, arguments: Note) -> Note:
        raise error

    return act


def world(folder: Path, url: str) -> World:
    effects = Effects()
    tools = [
        effects.tool("note.write"),
        effects.tool("note.wait"),
        effects.tool("note.read", "read", yields=lambda arguments, value: WEB),
        replace(
            effects.tool("note.refuse"),
            act=raising(ToolFailed(code="no_such_note", detail="there is none")),
        ),
        replace(effects.tool("note.break"), act=raising(RuntimeError("broken"))),
        replace(effects.tool("note.crash"), act=raising(asyncio.CancelledError())),
    ]
    effects_of = dict.fromkeys([tool.name for tool in tools], "permit")
    pdp = Point(effects=effects_of, waiting=frozenset({"note.wait"}))  # type: ignore[arg-type]  # "permit" is an effect
    return World(folder, tools=tools, pdp=pdp, url=url, clock=pdp.clock)


async def act(home: World, run: Run, tool: str, call: str) -> Any:
    outcome = await home.pep.enforce(
        run, tool=tool, arguments={"text": call}, call_id=call
    )
    await home.store.durable(run.claim)
    return outcome


async def decide(home: World, waiting: Waiting, verdict: Any) -> None:
    shown = (await home.approvals.read(waiting.approval_id)).evidence_digest
    await home.approvals.decide(
        waiting.approval_id,
        reviewer=REVIEWER,
        verdict=verdict,
        shown=shown,
        note="looked at",
    )


async def keep(home: World, run: Run, *names: str) -> None:
    """Put things on the run's shelf, and change the status of the last."""
    shelf = Shelf(store=home.store, vault=home.vault, kind="note")
    permit = Permit(
        MINT,
        tool="note.write",
        digest="",
        action_id="a",
        run_id=run.id,
        claim=run.claim,
        tenant=run.tenant,
    )

    for name in names:
        await shelf.keep_now(permit, key=name, status="new", body={"text": name})
    await shelf.mark(permit, key=names[-1], status="old")


async def lived(home: World) -> None:
    """Let everything happen that can happen to a run."""
    run = await home.start(intent={"note.keep": 2})
    more = {"note.keep": 1, "note.send": None}
    await home.store.write(
        lambda tx: widening.widen(tx, run_id=run.id, more=more, by="ana", note="both"),
        logs=(run.tenant,),
    )
    for call, tool in enumerate(
        ("note.write", "note.read", "note.refuse", "note.break", "none")
    ):
        await act(home, run, tool, f"{call}")
    await home.store.write(
        lambda tx: limit.raise_limit(
            tx,
            budget_id=run.budget_id,
            kind="tokens",
            amount=5,
            by="ada",
        ),
        logs=(run.tenant,),
    )
    for verdict in ("approved", "rejected"):
        waiting = await act(home, run, "note.wait", verdict)
        await decide(home, waiting, verdict)
        await act(home, run, "note.wait", verdict)
    await act(home, run, "note.wait", "open")
    await keep(home, run, "first", "second")
    await home.runs.end(run, "waiting", {"said": "wait"})
    again = await home.runs.claim(run.id)
    await act(home, again, "note.write", "again")
    unknown = await home.store.read(
        lambda connection: connection.execute(
            select(tables.action.c.id).where(tables.action.c.state == "unknown")
        ).scalar_one()
    )
    await home.runs.resolve(
        run.id, unknown, person=REVIEWER, happened=True, note="it is there"
    )
    for scope, name in (("all", ""), ("run", run.id), ("tool", "x")):
        await KillSwitches(home.store).engage(scope, name, by="ana")  # type: ignore[arg-type]  # from the list above
    await KillSwitches(home.store).release("all", "", by="ana")
    await _cancelled(home)
    await _erased(home)
    await _held(home)
    await _pinned_anew(home)
    await _expired(home)
    await _met(home)
    await _submitted(home, run)
    await _admitted(home, run.tenant)


async def _submitted(home: World, run: Run) -> None:
    new = job.NewJob(
        id="job-1",
        tenant=run.tenant,
        agent="note",
        by="ana",
        request={},
        priority=0,
        limits={},
        items=2,
    )

    def work(tx: Tx) -> None:
        job.submit(tx, home.vault, new)
        one = job.NewItem(job=new.id, seq=0, path="a.txt", document="0")
        job.take(tx, home.vault, one, run_id=run.id)
        other = job.NewItem(job=new.id, seq=7, path="b.txt", refused="duplicate")
        job.take(tx, home.vault, other)
        job.turn(tx, new.id, "paused", by="ana")

    await home.store.write(work, logs=(run.tenant,))


async def _admitted(home: World, tenant: str) -> None:
    def work(tx: Tx) -> None:
        first = account.Account(name="ana", tenant=tenant)
        owner = account.keep_account(tx, home.vault, first, by="ada")
        account.keep_account(tx, home.vault, replace(first, hashed="h"), by="ana")
        key = ApiKey(
            id="a1",
            name="billing",
            owner="ana",
            tenant=tenant,
            account=owner,
            roles=("analyst",),
            proof="p",
            state="active",
            expires=1_900_000_000,
        )
        keep_key(tx, home.vault, key, by="ana")
        keep_key(tx, home.vault, replace(key, state="revoked"), by="ana")
        _told(tx, home, tenant)

    await home.store.write(work, logs=(tenant,))
    deposits = Deposits(store=home.store, vault=home.vault)
    new = Deposit(digest="sha256:0", name="a.txt", size=1, kind="text")
    assert await deposits.keep(new, b"a", tenant=tenant, by="ana")
    assert not await deposits.keep(new, b"a", tenant=tenant, by="ana")


def _told(tx: Tx, home: World, tenant: str) -> None:
    """Let a webhook be told two things, of which one comes about."""
    hook = webhook.Webhook(
        id="wh-1",
        tenant=tenant,
        owner="ada",
        url="https://hook.example/",
        events=("run.ended",),
        state="active",
        secrets=(webhook.Secret(text="whsec_AA=="),),
        told=3,
    )
    webhook.keep_webhook(tx, home.vault, hook, by="ada")
    webhook.keep_webhook(tx, home.vault, replace(hook, state="disabled"), by="ada")
    drafts = [
        delivery.Draft(id=name, event="run.ended", body=b"{}") for name in ("m1", "m2")
    ]
    delivery.tell(tx, home.vault, hook, drafts, told=7)
    [one, _] = delivery.deliveries_of(tx.connection, hook, after=None, limit=9)
    delivery.turn(
        tx,
        one,
        state="delivered",
        code="delivered",
        attempts=1,
        due=0,
        until=one.until,
        of_claim=None,
    )
    prune(tx, tenant, before=tx.now + 1)
    webhook.keep_webhook(tx, home.vault, replace(hook, state="removed"), by="ada")


async def _pinned_anew(home: World) -> None:
    run = await home.start()
    await decide(home, await act(home, run, "note.wait", "agreed"), "approved")
    await act(home, run, "note.wait", "asked")
    await home.runs.end(run, "waiting", {"said": "wait"})
    pins = Pins(revision="1" * 64, others={"sender": "legal"})
    await home.runs.repin(run.id, pins=pins, by="ada")


async def _met(home: World) -> None:
    """Have a canary decided, one expire, and one cancelled."""
    for end in ("approved", "expired", "cancelled"):
        bait = await home.start(run_id=canary.named(home.vault))
        waiting = await act(home, bait, "note.wait", end)
        await home.runs.end(bait, "waiting", {}, waiting=[waiting.approval_id])
        match end:
            case "approved":
                await decide(home, waiting, "approved")
            case "expired":
                await _in_time(home, waiting.approval_id)
            case _:
                await home.runs.cancel(bait.id, by="ana")


async def _in_time(home: World, approval: str) -> None:
    """Have it recorded that the time of the approval is up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home.store, "now", lambda _: int(time.time()) + 86_400)
        await home.approvals.expire([approval], tenant="default")


async def _expired(home: World) -> None:
    run = await home.start()
    assert isinstance(home.pdp, Point)
    late = [await act(home, run, "note.wait", call) for call in ("told", "seen")]
    home.pdp.clock.now += 86_400
    with pytest.MonkeyPatch.context() as patch:
        tomorrow = int(time.time()) + 86_400
        patch.setattr(postgresql, "now", lambda connection: tomorrow)
        assert isinstance(await act(home, run, "note.wait", "told"), Expired)
        await home.approvals.expire([late[1].approval_id], tenant="default")


async def _cancelled(home: World) -> None:
    run = await home.start()
    await act(home, run, "note.wait", "withdrawn")
    await act(home, run, "note.break", "unknown")
    await home.runs.cancel(run.id, by="ana")


async def _erased(home: World) -> None:
    run = await home.start()
    await decide(home, await act(home, run, "note.wait", "gone"), "approved")
    await act(home, run, "note.wait", "gone")
    await act(home, run, "note.read", "gone too")
    await keep(home, run, "third")
    await home.runs.end(run, "done", {"said": "done"})
    await home.runs.erase(run.id, by="ada")


async def _held(home: World) -> None:
    run = await home.start()
    assert isinstance(home.pdp, Point)
    home.pdp.silent.add("note.write")
    await act(home, run, "note.write", "silent")
    await home.runs.end(run, "held", {"error": "the engine is silent"})
    home.pdp.silent.clear()


@contextmanager
def changed(home: World, statement: Executable) -> Iterator[list[Difference]]:
    """Yield the differences after *statement*, which is taken back afterwards."""
    with tampering(home.store) as connection:
        connection.execute(statement)
        yield state.compare(connection, home.vault)
        connection.rollback()


def other(column: Column[Any], value: object) -> object:
    """Return another value that the column takes."""
    if isinstance(column.type, Integer):
        return (value or 0) + 1  # type: ignore[operator]  # the value of such a column
    if isinstance(value, bytes) or value is None:
        return b"x"
    return "x" if column.type.length is None else str(value)[:-1] + "~"  # type: ignore[attr-defined]  # texts have one


def rows(home: World, table: Table) -> list[dict[str, Any]]:
    with tampering(home.store) as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def here(table: Table, row: dict[str, Any]) -> Any:
    return and_(*(column == row[column.name] for column in table.primary_key))


async def test_an_honest_home_shows_no_difference(
    database_url: str, tmp_path: Path
) -> None:
    """After everything that can happen, the tables are exactly what the ledger says."""
    async with world(tmp_path, database_url) as home:
        await lived(home)
        found = await state.differences(home.store, home.vault)
        audit = await home.verify()
        kinds = {table.name: len(rows(home, table)) for table in DERIVED}

    assert found == []
    assert audit.problems == []
    assert [name for name, number in kinds.items() if not number] == []


@pytest.mark.parametrize("table", DERIVED, ids=lambda table: table.name)
async def test_whatever_is_changed_in_a_table_is_named(
    database_url: str, tmp_path: Path, table: Table
) -> None:
    """Change any derived column of any row: the difference names table, row and column.

    Of a run whose data key is another, nothing that was committed to can be confirmed. Any other
    data key is checked where the vault opens what the key sealed.
    """
    async with world(tmp_path, database_url) as home:
        await lived(home)
        await _in_flight(home)
        of_runs = {row["id"] for row in rows(home, tables.run)}
        for row in rows(home, table):
            for column in table.columns:
                values = {column.name: other(column, row[column.name])}
                statement = update(table).where(here(table, row)).values(values)
                with changed(home, statement) as found:
                    named = {(one.table, one.code, one.column) for one in found}
                if column is tables.data_key.c.wrapped and row["id"] in of_runs:
                    assert ("run", "changed_value", "label") in named
                elif column.name in NOT_DERIVED.get(table.name, ()):
                    assert named == set(), column
                elif column.primary_key:
                    assert {
                        (table.name, "unknown_row", ""),
                        (table.name, "missing_row", ""),
                    } <= named
                else:
                    assert (table.name, "changed_value", column.name) in named, row


async def _in_flight(home: World) -> None:
    """Leave an action started, as a crash does, so that there is a reservation."""
    run = await home.start()
    with pytest.raises(asyncio.CancelledError):
        await act(home, run, "note.crash", "crash")


@pytest.mark.parametrize("table", DERIVED, ids=lambda table: table.name)
async def test_a_row_that_is_gone_is_named(
    database_url: str, tmp_path: Path, table: Table
) -> None:
    """Delete any row: the ledger says that there is one."""
    async with world(tmp_path, database_url) as home:
        await lived(home)
        await _in_flight(home)
        kept = rows(home, table)
        for row in kept:
            statement = delete(table).where(here(table, row))
            with changed(home, statement) as found:
                missing = [
                    one
                    for one in found
                    if (one.table, one.code) == (table.name, "missing_row")
                ]
            assert len(missing) == 1

    assert kept


async def test_a_row_that_nobody_recorded_is_named(
    database_url: str, tmp_path: Path
) -> None:
    """A row that no entry speaks of is named in every table."""
    async with world(tmp_path, database_url) as home:
        await lived(home)
        await _in_flight(home)
        for table in DERIVED:
            row = rows(home, table)[0]
            key = list(table.primary_key)[-1]
            row[key.name] = 1_000 if isinstance(key.type, Integer) else "made up"
            with changed(home, insert(table).values(row)) as found:
                codes = [(one.table, one.code) for one in found]
            assert codes == [(table.name, "unknown_row")]


async def test_an_erasure_that_was_undone_is_named(tmp_path: Path) -> None:
    """A data key put back after its erasure is a row that no entry speaks of."""
    async with world(tmp_path, f"sqlite:///{tmp_path / 'interlock.db'}") as home:
        run = await home.start()
        key = next(row for row in rows(home, tables.data_key) if row["id"] == run.id)
        await home.runs.end(run, "done", {})
        await home.runs.erase(run.id, by="ada")
        await home.store.write(
            lambda tx: tx.connection.execute(insert(tables.data_key).values(key))
        )
        found = await state.differences(home.store, home.vault)

    assert [(one.code, one.table, one.row) for one in found] == [
        ("unknown_row", "data_key", run.id)
    ]


async def test_no_change_of_an_entry_stops_the_comparison(tmp_path: Path) -> None:
    """Whatever stands in an entry, the tables are compared: the verifier names the entry."""
    entries = tables.ledger_entry
    async with world(tmp_path, f"sqlite:///{tmp_path / 'interlock.db'}") as home:
        await lived(home)
        one_of_each = {row["event"]: row for row in rows(home, entries)}
        values: tuple[Any, ...] = ([], 5)
        for row in one_of_each.values():
            body = json.loads(row["body"])
            for name in body:
                for value in values:
                    changed_body = json.dumps(body | {name: value}).encode()
                    statement = update(entries).where(here(entries, row))
                    with changed(home, statement.values(body=changed_body)) as found:
                        assert isinstance(found, list)
