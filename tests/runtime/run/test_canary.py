"""Canaries: what nothing can act on, what nobody tells from work before the verdict, and what
everybody can check afterwards.
"""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, select, update

from interlock.runtime.door.outcome import Waiting
from interlock.runtime.errors import BadInput
from interlock.runtime.policy.request import CanaryFact, Verdict
from interlock.runtime.record.nature import promise
from interlock.runtime.record.state import differences
from interlock.runtime.record.store import tables
from interlock.runtime.run import canary, opening, rehearsal, subject
from interlock.runtime.run.attention import canaries_met
from interlock.runtime.run.queue import Queue
from interlock.runtime.run.run import LEASE_S, NewRun, Run
from interlock.runtime.run.shelf import Shelf
from interlock.runtime.testing import (
    AGENT,
    PLENTY,
    REVIEWER,
    TOOLBOX,
    Effects,
    FixedClock,
    StaticPoint,
    World,
)
from interlock.serving.quality import figures

MAIL = "mail.send"


@pytest.fixture
def clock() -> FixedClock:
    """The clock of the world."""
    return FixedClock()


@pytest.fixture
async def world(tmp_path: Path, clock: FixedClock) -> AsyncIterator[World]:
    """A world in which mail waits for a reviewer."""
    pdp = StaticPoint(effects={MAIL: "permit"}, waiting=frozenset({MAIL}))
    tools = [Effects().tool(MAIL, "irreversible")]
    async with World(tmp_path, tools=tools, pdp=pdp, clock=clock) as world:
        yield world


async def put(world: World, *, run_id: str = "") -> tuple[Run, str]:
    """Put a mail before the reviewers in a run of that id, or in one of any."""
    new = NewRun(
        id=run_id,
        agent=TOOLBOX,
        principal=AGENT,
        request={},
        limits=PLENTY,
        autonomy=2,
        revision=world.pdp.revision,
        intent=None,
    )
    run = await world.runs.start(new)
    outcome = await world.pep.enforce(
        run, tool=MAIL, arguments={"text": "hello"}, call_id="1"
    )
    assert isinstance(outcome, Waiting), outcome
    await world.runs.end(run, "waiting", {}, waiting=[outcome.approval_id])
    world.runs.give_back(run)
    return run, outcome.approval_id


async def decide(world: World, approval_id: str, verdict: Verdict) -> None:
    shown = (await world.approvals.read(approval_id)).evidence_digest
    await world.approvals.decide(
        approval_id, reviewer=REVIEWER, verdict=verdict, shown=shown, note="read it"
    )


async def row(world: World, approval_id: str) -> Any:
    query = select(tables.approval).where(tables.approval.c.id == approval_id)
    return await world.store.read(lambda c: c.execute(query).mappings().one())


async def claim_as_worker(world: World, run: Run) -> list[str]:
    """Return what a worker claims that may claim whatever is pinned as *run* is."""
    query = select(tables.run.c.pinned).where(tables.run.c.id == run.id)
    pinned = await world.store.read(lambda c: c.execute(query).scalar_one())
    queue = Queue(
        store=world.store, vault=world.vault, by="worker", shares={}, attempts=3
    )
    return [run.id for run in (await queue.claim([pinned], most=5)).runs]


@pytest.mark.parametrize("verdict", ["approved", "rejected"])
async def test_nothing_can_act_on_the_verdict_on_a_canary(
    world: World, verdict: Verdict
) -> None:
    """Neither before nor after the verdict is the run of a canary claimed, by a worker or by a
    person; the verdict ends it, and an approval serves no action.
    """
    run, approval_id = await put(world, run_id=canary.named(world.vault))
    with pytest.raises(BadInput) as before:
        await world.runs.claim(run.id)
    claimed = await claim_as_worker(world, run)

    await decide(world, approval_id, verdict)

    claimed += await claim_as_worker(world, run)
    with pytest.raises(BadInput):
        await rehearsal.claim(
            world.store, world.vault, run.id, tenant=run.tenant, by="worker:here"
        )
    with pytest.raises(BadInput) as after:
        await world.runs.claim(run.id)
    assert (before.value.code, after.value.code, claimed) == ("claimed", "ended", [])
    assert (await world.approvals.read(approval_id)).state in {"withdrawn", "rejected"}
    assert (await world.runs.read(run.id)).status == "cancelled"


async def test_a_worker_carries_on_what_is_no_canary(world: World) -> None:
    """The same run under an id without the mark is claimed once its approval is there, and no
    canary before it in the queue takes its place.
    """
    baits = [await put(world, run_id=canary.named(world.vault)) for _ in range(3)]
    run, approval_id = await put(world)
    with pytest.raises(BadInput):
        await rehearsal.claim(world.store, world.vault, run.id, tenant=run.tenant)

    await decide(world, approval_id, "approved")

    assert await claim_as_worker(world, run) == [run.id]
    query = select(tables.run.c.id).where(tables.run.c.ready_at.is_(None))
    never = await world.store.read(lambda c: set(c.execute(query).scalars()))
    assert never == {bait.id for bait, _ in baits}


async def test_until_the_verdict_a_canary_is_as_any_other(world: World) -> None:
    """What is kept and recorded of a canary that waits has the names, the kinds and the lengths of
    what is kept and recorded of work, so that nothing but the verdict tells them apart.
    """
    works, canaries = (
        await put(world),
        await put(world, run_id=canary.named(world.vault)),
    )

    kept = [dict(await row(world, approval_id)) for _, approval_id in (works, canaries)]
    entries = await world.entries()
    recorded = [
        [entry for entry in entries if entry.get("run") == run.id]
        for run, _ in (works, canaries)
    ]

    assert shape(kept[0]) == shape(kept[1])
    assert len(recorded[0]) > 2
    assert shape(recorded[0]) == shape(recorded[1])


def shape(value: Any) -> Any:
    """Return what one sees of a value that changes with every run: its kind and its length."""
    match value:
        case dict():
            return {name: shape(part) for name, part in value.items()}
        case list():
            return [shape(part) for part in value]
        case str() | bytes():
            return type(value), len(value)
        case _:
            return type(value)


async def test_after_the_verdict_the_promise_is_opened(world: World) -> None:
    """The entry of the verdict names the nature that the entry of the question promised, of work as
    of a canary; and a row that says otherwise differs from the ledger.
    """
    _, work = await put(world)
    _, bait = await put(world, run_id=canary.named(world.vault))
    for approval_id in (work, bait):
        await decide(world, approval_id, "approved")

    entries = await world.entries()
    asked = {e["approval"]: e for e in entries if e["event"] == "approval_requested"}
    told = {e["approval"]: e for e in entries if e["event"] == "approval"}

    assert {name: entry["nature"] for name, entry in told.items()} == {
        work: "work",
        bait: "canary",
    }
    for name, entry in told.items():
        kept = promise(name, entry["nature"], opening=entry["opening"])
        assert asked[name]["nature"] == kept
    assert [(await row(world, name))["canary"] for name in (work, bait)] == [0, 1]
    assert await differences(world.store, world.vault) == []
    relabelled = update(tables.approval).where(tables.approval.c.id == bait)
    await world.store.write(
        lambda tx: tx.connection.execute(relabelled.values(canary=0)),
        logs=("default",),
    )
    found = await differences(world.store, world.vault)
    assert [(one.row, one.column) for one in found] == [(bait, "canary")]


async def test_only_the_key_of_the_home_marks_a_run(
    world: World, tmp_path: Path
) -> None:
    """A run that the runtime names is never marked, and another home's mark is none here."""
    async with World(tmp_path / "other", tools=[]) as other:
        foreign = [canary.named(other.vault) for _ in range(20)]
    ours = [canary.work(world.vault) for _ in range(20)]

    assert not any(canary.is_canary(world.vault, name) for name in [*foreign, *ours])
    assert canary.is_canary(world.vault, canary.named(world.vault))


async def test_no_run_is_marked_by_chance(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where chance draws an id that has the mark, the run of work gets another one."""
    drawn = iter([canary.named(world.vault).removeprefix("run-"), "0" * 12])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(drawn))

    assert canary.work(world.vault) == "run-" + "0" * 12


async def test_the_policy_is_told_which_canaries_a_person_met(
    world: World, clock: FixedClock
) -> None:
    """What the act of a verdict is about names the canaries of that person alone, in order, and of
    those that wait none.
    """
    verdicts: tuple[Verdict, ...] = ("approved", "rejected")
    for verdict in verdicts:
        _, approval_id = await put(world, run_id=canary.named(world.vault))
        await decide(world, approval_id, verdict)
        clock.advance(1)
    _, work = await put(world)
    await decide(world, work, "approved")
    _, waiting = await put(world, run_id=canary.named(world.vault))

    same = await met(world, waiting, f" {REVIEWER.id.upper()}")

    assert [fact.caught for fact in same] == [False, True]
    assert await met(world, waiting, "rolf") == ()


async def test_the_first_opening_counts(world: World, clock: FixedClock) -> None:
    """A verdict is timed from when its person was first shown the approval, however often the page
    is opened again; and what was kept of that goes with the verdict.
    """
    _, approval_id = await put(world)
    began = await world.store.read(world.store.now)
    for _ in range(2):
        await world.store.write(
            lambda tx: opening.note(
                tx,
                world.vault,
                approval_id,
                tenant=REVIEWER.tenant,
                person=REVIEWER.id,
            ),
            logs=(REVIEWER.tenant,),
        )
        clock.advance(60)
    await decide(world, approval_id, "approved")

    (step,) = (await world.approvals.read(approval_id)).verdicts
    assert (step.opened, step.at - step.opened) == (began, 120)
    query = select(tables.approval_opening.c.at)
    assert await world.store.read(lambda c: c.execute(query).all()) == []


async def test_a_miss_outlives_the_run_of_its_canary(world: World) -> None:
    """Whoever erases the run of a canary that a person missed gives nobody an entitlement back: the
    policy and the figures know of the miss as before.
    """
    run, bait = await put(world, run_id=canary.named(world.vault))
    _, work = await put(world)
    for approval_id in (bait, work):
        await decide(world, approval_id, "approved")
    _, waiting = await put(world)
    before = await met(world, waiting, REVIEWER.id)

    await world.runs.erase(run.id, by="ada")

    assert [fact.caught for fact in before] == [False]
    assert await met(world, waiting, REVIEWER.id) == before
    assert await differences(world.store, world.vault) == []
    given = await world.store.read(
        lambda c: figures.read(c, world.vault, tenant=REVIEWER.tenant, since=0)
    )
    (one,) = figures.of_each(given)
    assert (one.decided, one.caught.part, one.caught.whole) == (1, 0, 1)


async def test_the_figures_cost_the_same_statements_for_any_number(
    world: World,
) -> None:
    """All verdicts are read by two statements, and what one person met by one, however many there
    are.
    """

    def asked(connection: Connection) -> tuple[int, int]:
        said: list[str] = []
        event.listen(
            connection, "before_cursor_execute", lambda *call: said.append(call[2])
        )
        figures.read(connection, world.vault, tenant=REVIEWER.tenant, since=0)
        whole = len(said)
        canaries_met(
            connection, world.vault, tenant=REVIEWER.tenant, person=REVIEWER.id
        )
        return whole, len(said) - whole

    counts = []
    for _ in range(3):
        _, bait = await put(world, run_id=canary.named(world.vault))
        await decide(world, bait, "approved")
        counts.append(await world.store.read(asked))

    assert counts == [(2, 1)] * 3


async def test_a_canary_that_was_half_placed_is_ended(
    world: World, clock: FixedClock
) -> None:
    """Where whoever places a canary dies on the way, the next look ends its run once the lease is
    over, and no list shows it; work that was left alone stays as it is.
    """
    bait = await world.start(run_id=canary.named(world.vault))
    work = await world.start()
    statuses = []
    for wait in (0, LEASE_S * 3):
        clock.advance(wait)
        await rehearsal.end_abandoned(world, by="worker:here")
        runs = [await world.runs.read(run.id) for run in (bait, work)]
        statuses.append([run.status for run in runs])

    assert statuses == [["running", "running"], ["cancelled", "running"]]
    assert [row.id for row in await world.runs.list()] == [work.id]


async def test_a_canary_that_nobody_decided_leaves_every_list(
    world: World, clock: FixedClock
) -> None:
    """When its time is up a canary ends and is told, so nobody comes upon it any more; it has
    measured nobody.
    """
    run, bait = await put(world, run_id=canary.named(world.vault))
    _, work = await put(world)
    shelf = Shelf(store=world.store, vault=world.vault, kind="note")
    await world.store.write(
        lambda tx: shelf.begin(
            tx, run_id=run.id, tenant=run.tenant, key="one", body={}
        ),
        logs=(run.tenant,),
    )
    kept = [len(await shelf.list())]
    clock.advance(86_400 * 30)

    for tenant, overdue in (await world.approvals.overdue()).items():
        await world.approvals.expire(overdue, tenant=tenant)

    kept += [len(await shelf.list()), len(await shelf.list(run_id=run.id))]
    assert kept == [1, 0, 1]
    assert [row.id for row in await world.approvals.list()] == [work]
    assert run.id not in {row.id for row in await world.runs.list()}
    assert (await world.approvals.read(bait)).state == "expired"
    entries = await world.entries()
    told = {e["approval"]: e for e in entries if e["event"] == "approval_expired"}
    asked = {e["approval"]: e for e in entries if e["event"] == "approval_requested"}
    opened = told[bait]["opening"]
    assert asked[bait]["nature"] == promise(bait, "canary", opening=opened)
    assert await met(world, bait, REVIEWER.id) == ()


async def met(world: World, approval_id: str, name: str) -> tuple[CanaryFact, ...]:
    """Return what the policy would be told of the person of that name."""
    person = replace(REVIEWER, id=name)
    about = await world.store.read(
        lambda c: subject.verdict(approval_id)(c, world.vault, person)
    )
    assert about.facts is not None
    assert about.facts.canaries is not None
    return about.facts.canaries


@pytest.mark.parametrize("undo", [False, True])
async def test_a_canary_that_is_cancelled_keeps_no_work_from_its_turn(
    world: World, undo: bool
) -> None:
    """A canary that somebody cancels, with or without its undoing, has ended at once: no worker
    meets its run, and what waits behind it is claimed.
    """
    bait, _ = await put(world, run_id=canary.named(world.vault))
    run, approval_id = await put(world)

    await world.runs.cancel(bait.id, by="ana", undo=undo)
    await decide(world, approval_id, "approved")

    assert (await world.runs.read(bait.id)).status == "cancelled"
    query = select(tables.run.c.pinned).where(tables.run.c.id == run.id)
    pinned = await world.store.read(lambda c: c.execute(query).scalar_one())
    queue = Queue(
        store=world.store, vault=world.vault, by="worker", shares={}, attempts=3
    )
    claimed = await queue.claim([pinned], most=1)
    assert [one.id for one in claimed.runs] == [run.id]
