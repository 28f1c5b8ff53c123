"""Undoing: what a cancelled run did is taken back through the same door, newest first, once."""

import asyncio
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.door.tool import AnyTool, Undo, tool
from interlock.runtime.errors import BadInput, Fenced
from interlock.runtime.graph.driver import Ended
from interlock.runtime.policy.decision import ENGINE, Decision, Permit, Reason
from interlock.runtime.policy.request import AccessRequest, Amounts
from interlock.runtime.record.state import differences
from interlock.runtime.run import undo
from interlock.runtime.run.kill_switch import KillSwitches
from interlock.runtime.run.limit import raise_limit
from interlock.runtime.run.recorded_action import of_run
from interlock.runtime.run.run import Run
from interlock.runtime.testing import (
    PLENTY,
    REVIEWER,
    TOOLBOX,
    Effects,
    Note,
    StaticPoint,
    World,
)

TOOLS = ("put", "take", "mail", "odd")


def _take(arguments: Note, result: Note) -> Undo | None:
    """Return what takes a text back; nothing does for one that is final."""
    if arguments.text == "final":
        return None
    return Undo(tool="take", arguments={"text": result.text, "to": arguments.to})


def _raises(arguments: Note, result: Note) -> Undo:
    raise KeyError(arguments.text)


@dataclass(kw_only=True)
class Shelf:
    """Tools that put and take texts, a mail that nothing takes back, and what they did."""

    effects: Effects = field(default_factory=Effects)
    taken: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    #: The taking of this text dies in the middle, once
    dies_at: str = ""

    def tools(self, **taking: Any) -> list[AnyTool]:
        """Return the tools; *taking* are options of the one that takes."""
        taking.setdefault("idempotent", True)

        @tool("take", action="write", **taking)
        async def take(permit: Permit, arguments: Note) -> Note:
            """Take a text back."""
            self.keys.append(permit.key)
            self.taken.append(arguments.text)
            if arguments.text == self.dies_at:
                self.dies_at = ""
                raise asyncio.CancelledError
            return arguments

        return [
            self.effects.tool("put", "irreversible", undo=_take),
            self.effects.tool("odd", undo=_raises),
            self.effects.tool("mail", "irreversible"),
            take,
        ]


def point(
    *, waiting: tuple[str, ...] = (), denied: tuple[str, ...] = ()
) -> StaticPoint:
    return StaticPoint(
        effects={name: "permit" for name in TOOLS if name not in denied},
        waiting=frozenset(waiting),
    )


async def act(world: World, run: Run, *calls: str) -> None:
    """Carry out calls of the form "tool text"."""
    for call in calls:
        name, text = call.split()
        await world.pep.enforce(run, tool=name, arguments={"text": text}, call_id=call)
    await world.store.durable(run.claim)


async def go_on(world: World, run: Run) -> Ended:
    """Claim the run and carry it on, as whoever resumes it does."""
    claimed = await world.runs.claim(run.id)
    return await world.driver.drive(claimed, world.runtime.agents[TOOLBOX])


async def codes(world: World, run: Run) -> list[str]:
    """Return why each effect is not undone, newest first; nothing for one that is."""
    key = world.vault.known(run.id)
    actions = await world.store.read(lambda connection: of_run(connection, run.id, key))
    return [effect.code for effect in undo.effects(actions)]


async def end(world: World, run: Run, status: str) -> None:
    """Let the run end with *status*."""
    if status == "cancelled":
        await world.runs.cancel(run.id, by="ana")
    else:
        await world.runs.end(run, status, {})  # type: ignore[arg-type]  # one of those


async def refused(world: World, run: Run) -> str:
    """Return why the effects of the run are not undone."""
    with pytest.raises(BadInput) as error:
        await world.runs.cancel(run.id, by="ana", undo=True)
    return error.value.code


async def raised(world: World, run: Run, effects: int) -> None:
    """Raise what the run may do."""
    more = partial(
        raise_limit, budget_id=run.budget_id, kind="effects", amount=effects, by="ada"
    )
    await world.store.write(more, logs=(run.tenant,))


async def agrees(world: World) -> None:
    """Check that the ledger is valid and the tables are what the ledger says."""
    assert (await world.verify()).problems == []
    assert await differences(world.store, world.vault) == []


async def test_effects_are_undone_newest_first_and_once(
    tmp_path: Path, database_url: str
) -> None:
    """Each undo is asked of the policy as one; what nothing undoes, or nobody knows, is listed; the
    run goes on no more, and is cancelled at the end.
    """
    shelf = Shelf()
    policy = point()
    async with World(
        tmp_path, tools=shelf.tools(), pdp=policy, url=database_url
    ) as world:
        run = await world.start()
        await act(world, run, "put a", "mail b", "put final", "odd c", "put d")
        await world.runs.cancel(run.id, by="ana", undo=True)
        between = await world.runs.read(run.id)
        with pytest.raises(Fenced):
            await act(world, run, "put e")
        ended = await go_on(world, run)
        last = await world.runs.read(run.id)
        assert await codes(world, run) == ["", "no_undo", "no_undo", "no_undo", ""]
        entries = await world.entries()
        await agrees(world)

    assert (between.status, between.undoing) == ("queued", True)
    assert (ended.status, last.status, last.undoing) == ("cancelled", "cancelled", True)
    assert shelf.taken == ["d", "a"]
    asked = [
        request.context for request in policy.asked if request.action.tool == "take"
    ]
    assert [(one.proposer, one.offered) for one in asked] == [("undo", None)] * 2
    intents = [one for one in entries if one["event"] == "intent"]
    assert [one.get("undoes") for one in intents[-2:]] == [
        intents[4]["action"],
        intents[0]["action"],
    ]


async def test_an_undo_that_waits_is_waited_for(tmp_path: Path) -> None:
    """Nothing older is undone before the verdict; a no is listed with its code, and the others are
    undone all the same; what the run itself had asked is withdrawn.
    """
    shelf = Shelf()
    async with World(
        tmp_path, tools=shelf.tools(), pdp=point(waiting=("take", "mail"))
    ) as world:
        run = await world.start()
        await act(world, run, "put a", "put b", "mail c")
        await world.runs.cancel(run.id, by="ana", undo=True)
        (own,) = await world.approvals.list()
        listed = []
        for verdict in ("rejected", "approved"):
            ended = await go_on(world, run)
            assert (ended.status, shelf.taken) == ("waiting", [])
            listed.append(await codes(world, run))
            (approval,) = ended.waiting
            shown = (await world.approvals.read(approval)).evidence_digest
            await world.approvals.decide(
                approval, reviewer=REVIEWER, verdict=verdict, shown=shown, note="fine"
            )
        ended = await go_on(world, run)
        listed.append(await codes(world, run))
        await agrees(world)

    assert own.state == "withdrawn"
    assert (ended.status, shelf.taken) == ("cancelled", ["a"])
    assert listed == [
        ["waiting", "not_tried"],
        ["approval_rejected", "waiting"],
        ["approval_rejected", ""],
    ]


@pytest.mark.parametrize(
    ("idempotent", "taken", "code"),
    [(True, ["c", "b", "b", "a"], ""), (False, ["c", "b", "a"], "undo_unknown")],
)
async def test_an_undo_that_was_killed_goes_on(
    tmp_path: Path, idempotent: bool, taken: list[str], code: str
) -> None:
    """What was undone before is not undone again; the one in the middle is repeated under its key
    if that is no second undo, and is listed as unknown else.
    """
    shelf = Shelf(dies_at="b")
    async with World(tmp_path, tools=shelf.tools(idempotent=idempotent)) as world:
        run = await world.start()
        await act(world, run, "put a", "put b", "put c")
        await world.runs.cancel(run.id, by="ana", undo=True)
        with pytest.raises(asyncio.CancelledError):
            await go_on(world, run)
        before = await world.runs.read(run.id)
        await world.runs.cancel(run.id, by="ana", undo=True)
        again = await world.runs.read(run.id)
        ended = await go_on(world, run)
        listed = await codes(world, run)
        await agrees(world)

    assert (before.status, again) == ("held", before)
    assert (ended.status, shelf.taken) == ("cancelled", taken)
    assert len(set(shelf.keys)) == 3
    assert listed == ["", code, ""]


@dataclass(kw_only=True)
class Failing(StaticPoint):
    """A policy whose engine fails at the first undo."""

    failures: int = 1

    async def decide(self, request: AccessRequest) -> Decision:
        """Fail once, then answer."""
        decision = await super().decide(request)
        if request.context.proposer == "undo" and self.failures:
            self.failures -= 1
            reason = Reason(code="engine_timeout", rule=ENGINE)
            return replace(decision, effect="deny", reasons=(reason,))
        return decision


async def test_an_engine_that_fails_refuses_no_undo(tmp_path: Path) -> None:
    """The run is held, as for any action that nobody decided on, and a later claim undoes it."""
    shelf = Shelf()
    policy = Failing(effects=dict.fromkeys(TOOLS, "permit"))
    async with World(tmp_path, tools=shelf.tools(), pdp=policy) as world:
        run = await world.start()
        await act(world, run, "put a")
        await world.runs.cancel(run.id, by="ana", undo=True)
        ends = [(await go_on(world, run)).status for _ in range(2)]
        await agrees(world)

    assert (ends, shelf.taken) == (["held", "cancelled"], ["a"])


async def test_a_kill_switch_refuses_no_undo_for_good(tmp_path: Path) -> None:
    """Whoever stops a run and then cancels it has its effects undone once the switch is released;
    until then the run is held.
    """
    shelf = Shelf()
    async with World(tmp_path, tools=shelf.tools(), pdp=point()) as world:
        run = await world.start()
        await act(world, run, "put a", "put b")
        switches = KillSwitches(world.store)
        await switches.engage("run", run.id, by="ana")
        await world.runs.cancel(run.id, by="ana", undo=True)
        stopped = [(await go_on(world, run)).status for _ in range(2)]
        listed = await codes(world, run)
        await switches.release("run", run.id, by="ana")
        ended = await go_on(world, run)
        assert await codes(world, run) == ["", ""]
        await agrees(world)

    assert (stopped, listed) == (["held", "held"], ["killed", "not_tried"])
    assert (ended.status, shelf.taken) == ("cancelled", ["b", "a"])


@pytest.mark.parametrize("denied", [True, False], ids=["denied", "no budget"])
async def test_an_undo_that_is_refused_is_listed_with_its_code(
    tmp_path: Path, denied: bool
) -> None:
    """Neither a policy nor a budget that is used up keeps the run from its end, or is passed over
    in silence.
    """
    shelf = Shelf()
    refused = ("take",) if denied else ()
    limits = PLENTY if denied else Amounts(steps=9, effects=2, wall_ms=10**9)
    async with World(tmp_path, tools=shelf.tools(), pdp=point(denied=refused)) as world:
        run = await world.start(limits=limits)
        await act(world, run, "put a", "put b")
        await world.runs.cancel(run.id, by="ana", undo=True)
        ended = await go_on(world, run)
        listed = await codes(world, run)
        await agrees(world)

    code = "not_granted" if denied else "budget_exceeded"
    assert (ended.status, listed, shelf.taken) == ("cancelled", [code, code], [])


@pytest.mark.parametrize("status", ["done", "failed", "cancelled"])
async def test_what_a_run_did_is_undone_after_its_end(
    tmp_path: Path, database_url: str, status: str
) -> None:
    """It is opened for its undoing alone, and is cancelled then; no second time, and not at all
    where nothing takes back what it did.
    """
    shelf = Shelf()
    async with World(
        tmp_path, tools=shelf.tools(), pdp=point(), url=database_url
    ) as world:
        runs = [await world.start() for _ in range(2)]
        await act(world, runs[0], "put a", "mail b", "put c")
        await act(world, runs[1], "mail b", "put final")
        for run in runs:
            await end(world, run, status)
        with pytest.raises(BadInput) as last:
            await world.runs.cancel(runs[0].id, by="ana")
        await world.runs.cancel(runs[0].id, by="ana", undo=True)
        between = await world.runs.read(runs[0].id)
        ended = await go_on(world, runs[0])
        listed = await codes(world, runs[0])
        refusals = [await refused(world, run) for run in runs]
        await agrees(world)

    assert (last.value.code, between.status, between.undoing) == (
        "ended",
        "queued",
        True,
    )
    assert (ended.status, listed, shelf.taken) == (
        "cancelled",
        ["", "no_undo", ""],
        ["c", "a"],
    )
    assert refusals == ["nothing_to_undo"] * 2


async def test_an_undo_that_lacked_budget_is_tried_again(tmp_path: Path) -> None:
    """Once somebody raised the budget, and only it: what is done and what was denied stay so."""
    shelf = Shelf()
    policy = point(denied=("odd",))
    limits = Amounts(steps=9, effects=3, wall_ms=10**9)
    async with World(tmp_path, tools=shelf.tools(), pdp=policy) as world:
        run = await world.start(limits=limits)
        await act(world, run, "put a", "put b")
        listed = []
        for more in (1, 1):
            await world.runs.cancel(run.id, by="ana", undo=True)
            assert (await go_on(world, run)).status == "cancelled"
            listed.append(await codes(world, run))
            await raised(world, run, more)
        assert await refused(world, run) == "nothing_to_undo"
        await agrees(world)

    assert listed == [["", "budget_exceeded"], ["", ""]]
    assert shelf.taken == ["b", "a"]


async def test_a_cancellation_for_good_ends_the_undoing(tmp_path: Path) -> None:
    """A person need not wait for an undo: what was not tried is listed as that, and an effect that
    was under way is unknown and not undone.
    """
    shelf = Shelf()

    @tool("slow", action="write", undo=_take)
    async def slow(permit: Permit, arguments: Note) -> Note:
        """Break off in the middle."""
        raise asyncio.CancelledError

    async with World(tmp_path, tools=[*shelf.tools(), slow]) as world:
        run = await world.start()
        await act(world, run, "put a")
        with pytest.raises(asyncio.CancelledError):
            await act(world, run, "slow b")
        await world.runs.cancel(run.id, by="ana", undo=True)
        await world.runs.cancel(run.id, by="ana")
        last = await world.runs.read(run.id)
        listed = await codes(world, run)
        await agrees(world)

    assert (last.status, listed, shelf.taken) == (
        "cancelled",
        ["unknown", "not_tried"],
        [],
    )
