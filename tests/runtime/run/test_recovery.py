"""A database that was put back: nothing acts on it again until a person recovers it, and then
nothing of the lost time does.
"""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest
from sqlalchemy import text

from interlock.runtime.door.outcome import Done, Outcome, Waiting
from interlock.runtime.errors import BadInput, RolledBack
from interlock.runtime.record.events import EVERY, HOME
from interlock.runtime.record.gap import Gap
from interlock.runtime.record.state import differences
from interlock.runtime.record.store import Tx
from interlock.runtime.run import recovery
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.recovery import Recovery
from interlock.runtime.run.run import Run
from interlock.runtime.testing import REVIEWER, Effects, FixedClock, StaticPoint, World

#: Before the question, while it waits, after the verdict, and when the effect has begun
Moment: TypeAlias = Literal["started", "asked", "approved", "intended"]
MOMENTS: tuple[Moment, ...] = ("started", "asked", "approved", "intended")
MAIL = "mail.send"


@dataclass(kw_only=True)
class Story:
    """A run that sends one approved mail, and copies of its database from each moment."""

    folder: Path
    effects: Effects = field(default_factory=Effects)
    run_id: str = ""
    clock: FixedClock = field(default_factory=FixedClock)

    @property
    def file(self) -> Path:
        return self.folder / "interlock.db"

    def world(self) -> World:
        tool = self.effects.tool(MAIL, "irreversible")
        point = StaticPoint(effects={MAIL: "permit"}, waiting=frozenset({MAIL}))
        return World(self.folder, tools=[tool], pdp=point, clock=self.clock)

    async def live(self) -> None:
        """Ask, approve, send; a copy is taken at each moment."""
        async with self.world() as world:
            run = await world.start()
            self.run_id = run.id
            self.copy(world, "started")
            asked = await send(world, run)
            assert isinstance(asked, Waiting)
            self.copy(world, "asked")
            await approve(world, asked.approval_id)
            self.copy(world, "approved")
            world.store.attach(observers=[lambda _: self.copy(world, "intended")])
            assert isinstance(await send(world, run), Done)
            await world.store.durable(run.claim)
            await world.runs.end(run, "done", {})
            world.runs.give_back(run)
        assert self.effects.done == ["hello"]

    def copy(self, world: World, moment: Moment) -> None:
        """Keep the database as it stands; the first of a moment stays."""
        target = self.folder / moment
        if not target.exists():
            with world.store.engine.connect() as connection:
                connection.execute(text("COMMIT"))
                connection.execute(text("VACUUM INTO :target"), {"target": str(target)})
                connection.execute(text("BEGIN"))

    def put_back(self, moment: Moment) -> None:
        """Replace the database by the copy of that moment."""
        for path in self.folder.glob("interlock.db*"):
            path.unlink()
        shutil.copy(self.folder / moment, self.file)


@pytest.fixture
async def story(tmp_path: Path) -> Story:
    told = Story(folder=tmp_path)
    await told.live()
    return told


async def send(world: World, run: Run) -> Outcome:
    return await world.pep.enforce(
        run, tool=MAIL, arguments={"text": "hello"}, call_id="1"
    )


async def approve(world: World, approval: str) -> None:
    shown = (await world.approvals.read(approval)).evidence_digest
    await world.approvals.decide(
        approval, reviewer=REVIEWER, verdict="approved", shown=shown, note="fine"
    )


async def recover(world: World) -> Recovery:
    missing = await world.store.read(world.ledger.gaps)

    def work(tx: Tx) -> Recovery:
        world.vault.key(tx.connection, HOME)
        return recovery.recover(tx, world.vault, missing, by="ada", note="disk lost")

    logs = (HOME, EVERY, *(gap.log for gap in missing))
    return await world.store.write(work, logs=logs)


async def insist(world: World, run_id: str) -> None:
    """Do all that a person can do to have the mail sent."""
    for one in await world.approvals.list():
        if one.state == "waiting":
            await approve(world, one.id)
    await send(world, await world.runs.claim(run_id))


@pytest.mark.parametrize("moment", MOMENTS)
async def test_what_was_put_back_sends_nothing_again(
    story: Story, moment: Moment
) -> None:
    """Not before the recovery, whoever asks; not after it: the run has ended, the mail is unknown.

    The ledger is valid then, names the gap, and the tables are what the ledger says.
    """
    story.put_back(moment)
    for _ in range(2):
        async with story.world() as world:
            with pytest.raises(RolledBack):
                await insist(world, story.run_id)
    async with story.world() as world:
        done = await recover(world)
        assert done.ended == (story.run_id,)
        assert len(done.unknown) == (moment != "started")
        assert not done.is_stopped
        with pytest.raises(BadInput) as refused:
            await insist(world, story.run_id)
        assert refused.value.code == "ended"
        states = {one.state for one in await world.approvals.list()}
        assert states <= {"withdrawn", "used"}
    async with story.world() as world:
        assert isinstance(await send(world, await world.start()), Waiting)
        report = await world.verify()
        assert (report.problems, report.verdict) == ([], "valid, with a gap")
        assert [(gap.code, gap.log) for gap in report.gaps] == [
            ("recovered", "default")
        ]
        assert await differences(world.store, world.vault) == []
    assert story.effects.done == ["hello"]


async def test_an_unknown_mail_is_settled_by_a_person(story: Story) -> None:
    """Who finds out what happened says so, and the ledger stays valid."""
    story.put_back("asked")
    async with story.world() as world:
        (action,) = (await recover(world)).unknown
        story.clock.advance(60)
        await world.runs.resolve(
            story.run_id, action, person=REVIEWER, happened=True, note="it arrived"
        )
        assert (await world.verify()).problems == []


async def test_a_lost_switch_stops_everything(story: Story) -> None:
    """When entries of the home's own log are lost, a switch may be among them."""
    async with story.world() as world:
        await KillSwitches(world.store).engage("tool", MAIL, by="ada")
    story.put_back("approved")
    async with story.world() as world:
        assert (await recover(world)).is_stopped
        assert [switch.scope for switch in await KillSwitches(world.store).list()] == [
            "all"
        ]
        assert {gap.log for gap in (await world.verify()).gaps} == {HOME, "default"}
        assert (await world.verify()).problems == []


async def test_a_lost_database_begins_again_with_its_gaps(story: Story) -> None:
    """Without any copy the logs go on from nothing, and say how much is lost."""
    for path in story.folder.glob("interlock.db*"):
        path.unlink()
    async with story.world() as world:
        await recover(world)
        await world.start()
        report = await world.verify()
        assert report.problems == []
        assert ("default", 0) in {(gap.log, gap.seq) for gap in report.gaps}


async def test_a_recovery_of_something_else_is_refused(story: Story) -> None:
    """The gap that is recorded is the one that stands there, and no other."""
    story.put_back("asked")
    async with story.world() as world:
        (missing,) = await world.store.read(world.ledger.gaps)
        for change in ({"known_size": 1}, {"known_root": "00"}, {"size": 1}):
            other = Gap(**(as_dict(missing) | change))

            def work(tx: Tx, other: Gap = other) -> Any:
                world.vault.key(tx.connection, HOME)
                return recovery.recover(tx, world.vault, [other], by="ada", note="x")

            with pytest.raises(RolledBack):
                await world.store.write(work, logs=(HOME, EVERY))


def as_dict(gap: Gap) -> dict[str, Any]:
    return {name: getattr(gap, name) for name in gap.__slots__}


async def test_a_recovery_before_its_note_is_kept_is_one(story: Story) -> None:
    """A crash between the commit and the witness leaves a log that names what was witnessed."""
    story.put_back("asked")
    witnessed = story.folder / "witness" / "default.note"
    before = witnessed.read_bytes()
    async with story.world() as world:
        await recover(world)
    witnessed.write_bytes(before)
    async with story.world() as world:
        await world.start()
        assert (await world.verify()).problems == []


async def test_what_was_put_back_twice_is_recovered_twice(story: Story) -> None:
    """Each loss is a gap of its own, also when the older copy is the one from before the first."""
    for moment in ("approved", "asked"):
        story.put_back(moment)
        async with story.world() as world:
            await recover(world)
            await world.start(request={})
            assert len((await world.verify()).gaps) == 1
            assert (await world.verify()).problems == []
    assert story.effects.done == ["hello"]
