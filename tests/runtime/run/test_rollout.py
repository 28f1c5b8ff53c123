"""Rollouts in the ledger: one decision at a time, whole or not at all, and each run counts once."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.runtime.run.rollout_subject import AFTER, INSIDE
from tests.runtime.run.test_release import OURS, THEIRS, in_force, made, turned

from interlock.runtime.errors import BadInput, Tampered
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.events import HOME, RunEnded
from interlock.runtime.record.events.of_run import Held
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run import assignment, promotion, rollout, rollout_result
from interlock.runtime.run.pin import Pins
from interlock.runtime.run.rollout import Plan, Rollout
from interlock.runtime.run.rollout_result import Apart
from interlock.runtime.run.run import NewRun, Status, hold
from interlock.runtime.testing import PLENTY, TOOLBOX, World, tampering

SUBJECT = Path(__file__).with_name("rollout_subject.py")


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    """A world on either database."""
    async with World(tmp_path, url=database_url) as world:
        yield world


async def begun(world: World) -> Rollout:
    """Begin a rollout of a release of another policy than the one in force."""
    control = await made(world)
    candidate = await made(world, THEIRS)
    await turned(world, control)
    start = Rollout(
        id="rollout-1",
        candidate=candidate,
        control=control,
        by="rita",
        plan=Plan(steps=(50, 100)),
        pins={
            name: {TOOLBOX: Pins(revision="r", others={"tools": "t"}, release=name)}
            for name in (control, candidate)
        },
        seen={"acme": 3},
        figures={"runs": {"canary": 2}},
    )
    return await decided(world, start, "started")


async def decided(world: World, after: Rollout, how: Any, *, by: str = "") -> Rollout:
    """Record a decision, and return how the rollout stands."""
    await world.store.write(
        lambda tx: rollout.turn(tx, world.vault, after, how=how, by=by), logs=(HOME,)
    )
    return await newest(world)


async def newest_of(world: World, release: str) -> Rollout | None:
    """Return how the newest rollout of a release stands."""
    return await world.store.read(
        lambda look: rollout.newest_of(look, world.vault, release)
    )


async def newest(world: World) -> Rollout:
    """Return how the newest rollout stands."""
    here = await world.store.read(lambda look: rollout.newest(look, world.vault))
    assert here is not None
    return here


async def test_what_was_decided_is_read_back(world: World) -> None:
    """The newest entry holds all of the rollout, and the ledger verifies with it."""
    here = await begun(world)
    held = await decided(world, replace(here, seen={"acme": 9}), "held")

    assert held == replace(here, seen={"acme": 9}, how="held", seq=held.seq, at=held.at)
    assert (await world.verify()).problems == []


async def test_who_halted_a_rollout_is_known_past_others(world: World) -> None:
    """Whoever paused it and whoever stopped it stand in the newest rollout of its release, though a
    rollout of another release came after; who lets a rollout go on takes the names away.
    """
    here = await begun(world)
    for how, by in (("paused", "ada"), ("resumed", "ada"), ("paused", "otto")):
        here = await decided(world, here, how, by=by)
    stopped = await decided(world, here, "stopped", by="rita")
    other = replace(
        stopped,
        id="rollout-2",
        candidate=here.control,
        control=here.candidate,
        halted_by=(),
    )
    between = await decided(world, other, "started")

    assert await newest_of(world, here.candidate) == stopped
    assert stopped.halted_by == ("otto", "rita")
    assert await newest_of(world, other.candidate) == between
    assert await newest_of(world, "0" * 64) is None


async def test_one_decides_at_a_time(world: World) -> None:
    """Whoever decides on a standing that is not the newest any more decides nothing."""
    here = await begun(world)
    await decided(world, here, "held")
    with pytest.raises(BadInput) as late:
        await decided(world, here, "promoted")

    assert late.value.code == "rollout_moved"
    assert (await newest(world)).how == "held"
    assert await in_force(world) == (here.control, OURS.revision)


async def test_of_several_that_decide_at_once_one_does(
    world: World, database_url: str, tmp_path: Path
) -> None:
    """Two processes that look at the same moment record one decision, once, on either database."""
    here = await begun(world)
    async with World(tmp_path, url=database_url) as other:
        told = await asyncio.gather(
            *(
                decided(one, here, how)
                for one in (world, other)
                for how in ("advanced", "promoted")
            ),
            return_exceptions=True,
        )
    [stands] = {one.how for one in told if isinstance(one, Rollout)}
    codes = [one.code for one in told if isinstance(one, BadInput)]
    entries = [one for one in await world.entries() if one["event"] == "rollout_turned"]

    assert codes == ["rollout_moved"] * 3
    assert [entry["how"] for entry in entries] == ["started", stands]
    assert (await world.verify()).problems == []


async def test_release_policy_and_rollout_change_at_once(world: World) -> None:
    """A promotion puts the candidate in force with its policy, and nothing is decided after it."""
    here = await begun(world)
    promoted = await decided(world, here, "promoted")

    assert (promoted.status, promoted.percent) == ("promoted", 100)
    assert await in_force(world) == (here.candidate, THEIRS.revision)


async def test_the_way_back_brings_the_policy_back(world: World) -> None:
    """A rollout that gave the candidate every run is taken back with release and policy."""
    here = await begun(world)
    whole = await decided(world, here.begun(1, now=here.at), "advanced")
    forth = await in_force(world)
    back = await decided(world, whole, "rolled_back")

    assert forth == (here.candidate, THEIRS.revision)
    assert await in_force(world) == (here.control, OURS.revision)
    assert (back.status, back.percent) == ("rolled_back", 0)


@pytest.mark.parametrize("how", ["promoted", "rolled_back", "stopped"])
async def test_what_a_person_put_in_force_stays(world: World, how: str) -> None:
    """A decision that was made before a person took the candidate out of force, or put the
    candidate in force, changes neither; a stop ends the rollout and leaves the release.
    """
    here = await begun(world)
    if how == "promoted":
        here = await decided(world, here.begun(1, now=here.at), "advanced")
        chosen = (here.control, OURS.revision)
        await turned(world, here.control, how="rolled_back", after=here.candidate)
    else:
        chosen = (here.candidate, THEIRS.revision)
        await turned(world, here.candidate, after=here.control)
    if how == "stopped":
        await decided(world, here, how)
    else:
        with pytest.raises(BadInput) as late:
            await decided(world, here, how)
        assert late.value.code == "rollout_moved"

    assert await in_force(world) == chosen


async def test_the_way_back_names_who_took_it(world: World) -> None:
    """Who stops a rollout is who takes its release out of force, not who started it."""
    here = await begun(world)
    whole = await decided(world, here.begun(1, now=here.at), "advanced")
    await world.store.write(
        lambda tx: rollout.turn(tx, world.vault, whole, how="stopped", by="ada"),
        logs=(HOME,),
    )
    last = await world.store.read(lambda look: promotion.newest(look, world.vault))

    assert (last.release, last.by) == (here.control, "ada")


@pytest.mark.parametrize("column", ["body", "payload"])
async def test_a_changed_entry_decides_nothing(world: World, column: str) -> None:
    """Whoever can write to the database gives the candidate no run by that."""
    await begun(world)
    entries = tables.ledger_entry
    with tampering(world.store) as connection:
        query = entries.select().where(entries.c.event == "rollout_turned")
        row = connection.execute(query).mappings().one()
        spoilt = (
            row["body"].replace(b'"percent":50', b'"percent":99')
            if column == "body"
            else row["payload"][:-1] + bytes([row["payload"][-1] ^ 1])
        )
        changed = update(entries).where(entries.c.event == "rollout_turned")
        connection.execute(changed.values({column: spoilt}))
    with pytest.raises(Tampered, match=r"rollout_turned|ledger_entry/@home"):
        await newest(world)


async def test_what_is_given_follows_the_standing(world: World) -> None:
    """Half of the runs are the candidate's, always the same; none is while the rollout is paused,
    and all are once the candidate is in force.
    """
    here = await begun(world)
    first = given(here, here.control)
    assert 300 < first.count(here.candidate) < 700
    assert given(here, here.control) == first
    assert set(given(replace(here, status="paused"), here.control)) == {here.control}
    assert set(given(here, here.candidate)) == {here.candidate}
    assert given(here, "another") == [None] * 1_000


def given(here: Rollout, name: str) -> list[str | None]:
    """Return what a thousand runs are given while the release *name* is in force."""
    places = [
        assignment.place(
            here, in_force=name, agent=TOOLBOX, tenant="acme", run_id=f"run-{number}"
        )
        for number in range(1_000)
    ]
    return [None if place is None else place.pins.release for place in places]


ENDS: dict[str, tuple[list[Status], list[str]]] = {
    "done": (["done"], ["done"]),
    "held, then done": (["held", "done"], ["held"]),
    "waits, then failed": (["waiting", "failed"], ["failed"]),
    "waits": (["waiting"], []),
}


@pytest.mark.parametrize("ends", ENDS)
async def test_a_run_counts_once(world: World, ends: str) -> None:
    """Whatever claims a run has, it counts with the first that ends it or leaves it held, of any
    tenant, and never again; a run of no rollout never counts.
    """
    here = replace(await begun(world), seen={})
    statuses, counted = ENDS[ends]
    told: list[str] = []
    runs = [await started(world, here, tenant) for tenant in ("acme", "beta")] + [
        await world.start()
    ]
    for status in statuses:
        for run in runs:
            claim = await world.reclaim(run)
            await world.runs.end(claim, status, {})
            world.runs.give_back(claim)
        look = await world.store.read(partial(rollout_result.since, rollout=here))
        told += [result.status for result in look.results]
        here = replace(here, seen=look.seen)

    assert told == counted * 2


async def test_a_cancelled_run_is_counted_apart(world: World) -> None:
    """What a person ended says nothing of the release, and is told with its release."""
    here = replace(await begun(world), seen={})
    run = await started(world, here, "acme")
    world.runs.give_back(run)
    await world.runs.cancel(run.id, by="ann")
    look = await world.store.read(
        lambda connection: rollout_result.since(connection, here)
    )

    [result] = look.results
    assert (result.apart, result.arm) == ("cancelled", "canary")


HELD: dict[str, tuple[Held | None, bool, Apart | None, bool]] = {
    "the engine could not decide": ("engine", False, None, True),
    "the engine is away": ("engine", True, "outside", False),
    "the database is away": (None, True, "outside", False),
    "the tenant's budget is used up": ("budget_above", False, "outside", False),
    "its own budget is used up": ("budget", False, None, False),
    "a tool is away": ("away", True, None, False),
}


@pytest.mark.parametrize("cause", HELD)
async def test_what_holds_a_run_says_whose_doing_it_is(
    world: World, cause: str
) -> None:
    """A run that is held from outside its release is counted apart, and compared once it ended; a
    guard that failed is the release's, and what a run spent or depends on is.
    """
    because, is_outage, apart, is_stopped = HELD[cause]
    here = replace(await begun(world), seen={})
    run = await started(world, here, "acme")
    if because is not None:
        await world.store.write(
            lambda tx: hold(tx, run, because=because), logs=("acme",)
        )
    await world.runs.end(run, "held", {}, outage=is_outage)
    world.runs.give_back(run)
    first = await world.store.read(partial(rollout_result.since, rollout=here))
    claim = await world.reclaim(run)
    await world.runs.end(claim, "done", {})
    then = await world.store.read(
        partial(rollout_result.since, rollout=replace(here, seen=first.seen))
    )

    [result] = first.results
    assert (result.apart, result.is_stopped) == (apart, is_stopped)
    statuses = [(one.status, one.apart) for one in then.results]
    assert statuses == ([("done", None)] if apart else [])


async def test_ends_that_count_for_nothing_hide_no_later_one(world: World) -> None:
    """A look that met nothing but ends of no rollout is cut short, and the next goes on behind."""
    here = replace(await begun(world), seen={})
    waits = await world.start()
    end = RunEnded(log="acme", run_id=waits.id, status="waiting", fence=waits.fence)
    await world.store.write(
        lambda tx: _add(tx, end, rollout_result.MOST), logs=("acme",)
    )
    run = await started(world, here, "acme")
    await world.runs.end(run, "done", {})

    def look(seen: Any) -> Any:
        return world.store.read(
            partial(rollout_result.since, rollout=replace(here, seen=seen))
        )

    first = await look({})
    second = await look(first.seen)
    assert (first.results, first.is_cut) == ([], True)
    assert ([one.run_id for one in second.results], second.is_cut) == ([run.id], False)


def _add(tx: Tx, end: RunEnded, number: int) -> None:
    for _ in range(number):
        tx.events.append(end)


async def started(world: World, here: Rollout, tenant: str) -> Any:
    """Start a run that was given the candidate."""
    new = NewRun(
        agent=TOOLBOX,
        principal=Principal(id="ann", tenant=tenant, roles=("analyst",)),
        request={},
        limits=PLENTY,
        autonomy=2,
        revision=world.pdp.revision,
        intent=None,
        release=here.candidate,
        rollout=here.tag,
    )
    return await world.runs.start(new)


@pytest.mark.parametrize("point", [INSIDE, AFTER])
async def test_a_killed_decision_is_whole_or_not_at_all(
    tmp_path: Path, point: str
) -> None:
    """Killed before the commit nothing was decided, and after it rollout, release and policy were:
    never one without the others.
    """
    async with World(tmp_path) as world:
        here = await begun(world)
    words = [sys.executable, str(SUBJECT), str(tmp_path), point]
    process = await asyncio.create_subprocess_exec(*words)
    died = await asyncio.wait_for(process.wait(), timeout=60)
    async with World(tmp_path) as world:
        after = await newest(world)
        stands = (after.status, *await in_force(world))
        problems = (await world.verify()).problems

    expected = {
        INSIDE: ("live", here.control, OURS.revision),
        AFTER: ("promoted", here.candidate, THEIRS.revision),
    }
    assert (died, problems) == (-signal.SIGKILL, [])
    assert stands == expected[point]
