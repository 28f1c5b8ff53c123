"""The ledger decides, rows only remember: a row that says something else brings nothing about."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Executable, create_engine, delete, insert, select, text, update
from sqlalchemy.engine import make_url

from interlock.runtime.door.outcome import Done, Waiting
from interlock.runtime.errors import (
    InterlockError,
    LogBroken,
    NotAsRecorded,
    SchemaChanged,
)
from interlock.runtime.policy.decision import MINT, Permit
from interlock.runtime.record.store import tables
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.run import Run
from interlock.runtime.run.shelf import Shelf
from interlock.runtime.testing import REVIEWER, Effects, StaticPoint, World

MAIL: Final = "mail.send"
AGAIN: Final = "note.again"
LABEL: Final = '{"confidentiality":"public","integrity":"trusted","sources":["sql"]}'


@dataclass(kw_only=True)
class House:
    """A world whose tools are asked for and repeatable, and what they did."""

    world: World
    effects: Effects

    @property
    def done(self) -> list[str]:
        return self.effects.done

    async def act(self, run: Run, tool: str, call: str) -> Any:
        outcome = await self.world.pep.enforce(
            run, tool=tool, arguments={"text": call}, call_id=call
        )
        await self.world.store.durable(run.claim)
        return outcome

    async def approved(self, run: Run, call: str = "a") -> Waiting:
        """Ask for an action and have it approved."""
        waiting: Waiting = await self.act(run, MAIL, call)
        approvals = self.world.approvals
        shown = (await approvals.read(waiting.approval_id)).evidence_digest
        await approvals.decide(
            waiting.approval_id,
            reviewer=REVIEWER,
            verdict="approved",
            shown=shown,
            note="looked at",
        )
        return waiting

    async def waits(self) -> Run:
        """Return a run whose claim ended with an approved action that was not begun."""
        run = await self.world.start()
        await self.approved(run)
        await self.world.runs.end(run, "waiting", {})
        self.world.runs.give_back(run)
        return run


def house(folder: Path, url: str) -> House:
    effects = Effects()
    tools = [effects.tool(MAIL), effects.tool(AGAIN, idempotent=True)]
    pdp = StaticPoint(
        effects={MAIL: "permit", AGAIN: "permit"}, waiting=frozenset({MAIL})
    )
    return House(world=World(folder, tools=tools, pdp=pdp, url=url), effects=effects)


def sql(url: str, *statements: Executable) -> None:
    """Do what somebody does who can write rows and has no key."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)
    engine.dispose()


async def refused(code: str, work: Awaitable[Any]) -> InterlockError:
    with pytest.raises((NotAsRecorded, LogBroken, SchemaChanged)) as refusal:
        await work
    assert code in (refusal.value.code, getattr(refusal.value, "problem", ""))
    return refusal.value


async def test_an_action_is_begun_once_whatever_its_rows_say(
    database_url: str, tmp_path: Path
) -> None:
    """Set run, action and approval back by SQL: the approved effect does not happen again."""
    home = house(tmp_path, database_url)
    async with home.world as world:
        run = await world.start()
        await home.approved(run)
        assert isinstance(await home.act(run, MAIL, "a"), Done)
        sql(
            database_url,
            update(tables.action).values(state="waiting", result=None),
            update(tables.approval).values(state="approved"),
        )
        await refused("second_intent", home.act(run, MAIL, "a"))

    assert home.done == ["a"]


async def test_an_ended_run_is_not_claimed_whatever_its_row_says(
    database_url: str, tmp_path: Path
) -> None:
    """Set an ended run back to waiting by SQL: the ledger says that it has ended."""
    home = house(tmp_path, database_url)
    async with home.world as world:
        run = await world.start()
        await world.runs.end(run, "done", {})
        sql(database_url, update(tables.run).values(status="waiting"))
        await refused("wrong_state", world.reclaim(run))


async def test_a_used_verdict_serves_no_other_action(
    database_url: str, tmp_path: Path
) -> None:
    """Move a used verdict to another action by SQL: it permits nothing there."""
    home = house(tmp_path, database_url)
    async with home.world as world:
        run = await world.start()
        first = await home.approved(run, "a")
        await home.act(run, MAIL, "a")
        second = await home.act(run, MAIL, "b")
        sql(
            database_url,
            delete(tables.approval).where(tables.approval.c.id == second.approval_id),
            update(tables.approval)
            .where(tables.approval.c.id == first.approval_id)
            .values(action_id=second.action_id, state="approved"),
        )
        await _nothing(home.act(run, MAIL, "b"))

    assert home.done == ["a"]


async def test_a_question_whose_time_was_shortened_does_not_expire(
    database_url: str, tmp_path: Path
) -> None:
    """Move the deadline by SQL: whoever looks next records no expiry."""
    home = house(tmp_path, database_url)
    async with home.world as world:
        waiting = await home.act(await world.start(), MAIL, "a")
        sql(database_url, update(tables.approval).values(expires=1))
        with pytest.raises(NotAsRecorded) as refusal:
            await world.approvals.expire([waiting.approval_id], tenant="default")
        entries = await world.entries()

    assert (refusal.value.table, refusal.value.column) == ("approval", "expires")
    assert "approval_expired" not in {entry["event"] for entry in entries}


async def test_a_switch_whose_row_is_gone_still_stops(
    database_url: str, tmp_path: Path
) -> None:
    """Delete the row of an engaged switch by SQL: the ledger says that it is engaged."""
    home = house(tmp_path, database_url)
    async with home.world as world:
        run = await world.start()
        await KillSwitches(world.store).engage("tool", AGAIN, by="ada")
        sql(database_url, delete(tables.kill_switch))
        await refused("killed", home.act(run, AGAIN, "a"))
        await KillSwitches(world.store).release("tool", AGAIN, by="ada")
        assert isinstance(await home.act(run, AGAIN, "b"), Done)

    assert home.done == ["b"]


async def test_a_new_log_is_told_of_a_switch_whose_row_is_gone(
    database_url: str, tmp_path: Path
) -> None:
    """A tenant whose log begins after the row was deleted is stopped all the same."""
    home = house(tmp_path, database_url)
    async with home.world as world:
        await KillSwitches(world.store).engage("all", "", by="ada")
        sql(database_url, delete(tables.kill_switch))
        run = await world.start()
        await refused("killed", home.act(run, AGAIN, "a"))

    assert home.done == []


async def test_a_switch_that_does_not_stand_is_not_called_engaged(
    tmp_path: Path,
) -> None:
    """Where a trigger takes the row away again, engaging fails instead of saying that all stops."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        trigger = "CREATE TRIGGER t AFTER INSERT ON kill_switch BEGIN DELETE FROM kill_switch; END"
        sql(url, text(trigger))
        with pytest.raises(NotAsRecorded) as refusal:
            await KillSwitches(world.store).engage("all", "", by="ada")

    assert (refusal.value.code, refusal.value.table) == ("missing_row", "kill_switch")


def _changes() -> Iterable[tuple[str, str, Executable]]:
    run, action, approval = tables.run, tables.action, tables.approval
    yield "run", "label", update(run).values(label=LABEL)
    yield "run", "autonomy", update(run).values(autonomy=4)
    yield "run", "refusals", update(run).values(refusals=-5)
    yield "run", "revision", update(run).values(revision="x")
    yield "run", "outcome", update(run).values(outcome=run.c.principal)
    yield "budget", "limit_effects", update(tables.budget).values(limit_effects=10**9)
    yield "budget", "spent_steps", update(tables.budget).values(spent_steps=-9)
    yield "action", "digest", update(action).values(digest="0" * 64)
    yield "approval", "digest", update(approval).values(digest="0" * 64)
    yield "approval", "expires", update(approval).values(expires=2_000_000_000)
    yield "approval_step", "role", update(tables.approval_step).values(role="x")
    yield "record", "status", update(tables.record).values(status="other")
    yield "record", "", delete(tables.record)
    yield "action", "", delete(action)
    yield "approval", "", delete(approval)


CHANGES: Final = {
    f"{table}-{column or 'gone'}": change for table, column, change in _changes()
}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_run_with_a_changed_row_is_not_carried_on(
    tmp_path: Path, name: str
) -> None:
    """Change or delete any row of a waiting run: whoever claims the run is told which."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run = await world.start()
        await _keep(world, run)
        await home.approved(run)
        await world.runs.end(run, "waiting", {})
        world.runs.give_back(run)
        sql(url, CHANGES[name])
        with pytest.raises(NotAsRecorded) as refusal:
            await world.runs.claim(run.id)
        entries = await world.entries()

    table, column = name.split("-")
    assert refusal.value.table == table
    assert refusal.value.column == ("" if column == "gone" else column)
    assert entries[-1]["event"] == "run_ended"


async def _keep(world: World, run: Run) -> None:
    permit = Permit(
        MINT,
        tool=AGAIN,
        digest="",
        action_id="a",
        run_id=run.id,
        tenant=run.tenant,
        claim=run.claim,
    )
    shelf = Shelf(store=world.store, vault=world.vault, kind="note")
    await shelf.keep_now(permit, key="k", body={"a": 1})


@pytest.mark.parametrize("name", [name for name in CHANGES if "record" not in name])
async def test_an_effect_on_a_changed_row_does_not_happen(
    tmp_path: Path, name: str
) -> None:
    """Change a row on which an approved effect rests, in the middle of a claim: nothing is done."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run = await world.start()
        await home.approved(run)
        sql(url, CHANGES[name])
        await _nothing(home.act(run, MAIL, "a"))

    assert home.done == []


async def _nothing(work: Awaitable[Any]) -> None:
    """Expect an error or an answer that says that nothing was done."""
    try:
        outcome = await work
    except InterlockError:
        return
    assert not isinstance(outcome, Done)


def _cut(log: str, event: str) -> Executable:
    entries = tables.ledger_entry
    chosen = select(entries.c.seq).where(entries.c.log == log, entries.c.event == event)
    return delete(entries).where(
        entries.c.log == log, entries.c.seq == chosen.limit(1).scalar_subquery()
    )


BREAKS: Final[dict[str, Callable[[], Executable]]] = {
    "missing_entry": lambda: _cut("default", "approval"),
    "changed_entry": lambda: update(tables.ledger_entry).values(body=b"{}"),
    "moved_entry": lambda: (
        update(tables.ledger_entry)
        .where(tables.ledger_entry.c.event == "approval")
        .values(run_id="other")
    ),
    "payload_changed": lambda: (
        update(tables.ledger_entry)
        .where(tables.ledger_entry.c.event == "approval")
        .values(payload=None)
    ),
    "bad_signature": lambda: update(tables.ledger_entry).values(note="x"),
    "head_mismatch": lambda: update(tables.ledger_head).values(
        frontier=tables.ledger_head.c.root
    ),
}


@pytest.mark.parametrize("problem", BREAKS)
async def test_a_run_whose_entries_are_not_as_signed_is_not_carried_on(
    tmp_path: Path, problem: str
) -> None:
    """Take away, change or move an entry while a process is at work: nobody claims the run."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run = await home.waits()
        sql(url, BREAKS[problem]())
        with pytest.raises(InterlockError) as refusal:
            await world.runs.claim(run.id)

    assert refusal.value.code in {"log_broken", "tampered"}
    assert home.done == []


async def test_a_claim_is_refused_where_a_trigger_came_later(tmp_path: Path) -> None:
    """A trigger that is made while a process is at work stops the next claim."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run = await home.waits()
        sql(url, text("CREATE VIEW v AS SELECT 1"))
        await refused("schema_changed", world.runs.claim(run.id))


async def test_an_action_that_can_be_repeated_is_begun_again(
    database_url: str, tmp_path: Path
) -> None:
    """A claim that takes over a started idempotent action may begin it once more, and no other."""
    home = house(tmp_path, database_url)
    async with home.world as world:
        run = await world.start()
        await home.act(run, AGAIN, "a")
        row = (await world.entries())[-1]
        again = await world.reclaim(run)
        sql(database_url, update(tables.action).values(state="started"))
        await refused("second_intent", home.act(again, AGAIN, "a"))

    assert row["state"] == "done"
    assert home.done == ["a"]


async def test_people_and_other_processes_go_on_with_a_run(
    database_url: str, tmp_path: Path
) -> None:
    """What another process recorded of a run is read before this one's next step."""
    home, other = house(tmp_path, database_url), house(tmp_path, database_url)
    async with home.world as world, other.world as second:
        run = await world.start()
        await home.act(run, AGAIN, "a")
        waiting = await home.act(run, MAIL, "m")
        shown = (await second.approvals.read(waiting.approval_id)).evidence_digest
        await second.approvals.decide(
            waiting.approval_id,
            reviewer=REVIEWER,
            verdict="approved",
            shown=shown,
            note="looked at",
        )
        assert isinstance(await home.act(run, MAIL, "m"), Done)
        await world.runs.end(run, "waiting", {})
        world.runs.give_back(run)
        claimed = await second.runs.claim(run.id)
        assert isinstance(await other.act(claimed, AGAIN, "b"), Done)
        assert (await world.verify()).valid

    assert (home.done, other.done) == (["a", "m"], ["b"])


async def test_a_row_that_nobody_recorded_stops_a_claim(tmp_path: Path) -> None:
    """An approval that only SQL made permits nothing."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run = await home.waits()
        row = await world.store.read(
            lambda connection: dict(
                connection.execute(select(tables.approval)).mappings().one()
            )
        )
        sql(url, insert(tables.approval).values(row | {"id": "apr-made-up"}))
        await refused("unknown_row", world.runs.claim(run.id))


async def test_entries_that_are_gone_from_the_end_are_missed(tmp_path: Path) -> None:
    """Take the last entry of a run away and set its row back to match: the run is not claimed."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run, other = await home.waits(), await home.waits()
        await world.runs.claim(other.id)
        entries = tables.ledger_entry
        sql(
            url,
            delete(entries).where(
                entries.c.run_id == run.id, entries.c.event == "run_ended"
            ),
            update(tables.run)
            .where(tables.run.c.id == run.id)
            .values(status="running", outcome=None),
        )
        await refused("missing_entry", world.runs.claim(run.id))


async def test_of_a_long_log_the_chain_of_the_run_is_read(tmp_path: Path) -> None:
    """Where the scan began late, an entry that is gone from a run breaks the run's own chain."""
    url = f"sqlite:///{tmp_path / 'interlock.db'}"
    home = house(tmp_path, url)
    async with home.world as world:
        run = await home.waits()
        size = (await world.ledger.head("default")).size
        world.ledger.watch.scans.clear()
        world.ledger.watch.scan(
            "default", origin=world.ledger.origin("default"), first=size - 1
        )
        sql(url, _cut("default", "approval"))
        await refused("chain_broken", world.runs.claim(run.id))
