"""The ledger decides, rows only remember: a row that says something else brings nothing about."""

from pathlib import Path

import pytest
from sqlalchemy import delete, text, update
from tests.runtime.record.watch.house import AGAIN, MAIL, house, nothing, refused, sql

from interlock.runtime.door.outcome import Done
from interlock.runtime.errors import NotAsRecorded
from interlock.runtime.record.store import tables
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.testing import REVIEWER


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
        await nothing(home.act(run, MAIL, "b"))

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
