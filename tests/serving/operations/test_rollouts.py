"""Rollouts that real runs drive: who starts one, what a run is given, and what its runs decide."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from interlock.agents.contract_review.workflow import ContractReview
from interlock.runtime.errors import BadInput, NotPermitted
from interlock.runtime.policy.decision import Decision
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.policy.request import AccessRequest, Principal
from interlock.runtime.record.audit import entries
from interlock.runtime.run.rollout import Plan, Rollout
from interlock.serving.home import Home, opened
from interlock.serving.models.entry import ModelEntry
from interlock.serving.operations import releases, rollouts, runs
from interlock.serving.operations.workers import hired
from interlock.serving.rollout.guards import BURST
from interlock.serving.workspace import open_workspace
from interlock.testing import ModelServer, refuses

ANALYST = Principal(id="ana", tenant="default", roles=("analyst", "administrator"))
REVIEWER = Principal(id="rhea", tenant="default", roles=("reviewer",))
ADMINISTRATOR = Principal(id="ada", tenant="default", roles=("administrator",))
CONTRACT = """SERVICES AGREEMENT

This Services Agreement is made on 1 March 2024 between Alpha Ltd ("Supplier") and Beta Inc
("Customer").

1. Term. This Agreement begins on 1 March 2024 and continues for two years.

2. Governing law. This Agreement is governed by the laws of the State of New York.
"""
NOTE = "read and agreed"
HALF = Plan(steps=(50, 100), least_runs=2)


@dataclass(kw_only=True)
class Place:
    """A workspace with a release in force and a candidate, and a home under each."""

    control: Home
    candidate: Home
    #: The release that the candidate is under
    name: str
    contract: Path
    told: list[str] = field(default_factory=list)

    async def start(
        self,
        plan: Plan = HALF,
        *,
        person: Principal = REVIEWER,
        note: str = NOTE,
    ) -> Rollout:
        """Start to roll the candidate out."""
        return await rollouts.start(
            self.control,
            self.name,
            plan=plan,
            person=person,
            note=note,
        )

    async def turn(
        self, how: rollouts.Turn, *, person: Principal = REVIEWER
    ) -> Rollout:
        """Pause, let go on or end the rollout."""
        return await rollouts.turn(self.control.desk, how=how, person=person, note=NOTE)

    async def promote(self, *, person: Principal = REVIEWER) -> releases.Turned:
        """Put the candidate in force by hand."""
        return await releases.promote(
            self.control.desk, self.name, person=person, note=NOTE
        )

    async def back(self, name: str, *, person: Principal) -> releases.Turned:
        """Put a release in force again that was before."""
        return await releases.roll_back(
            self.control.desk, name, person=person, note=NOTE
        )

    async def begin(self, number: int, home: Home | None = None) -> list[Any]:
        """Leave so many reviews to workers, and return the runs."""
        request = {"path": str(self.contract), "notify": []}
        return [
            await runs.start(
                home or self.control,
                person=ANALYST,
                agent="contract_review",
                request=request,
                claim=False,
            )
            for _ in range(number)
        ]

    async def work(self) -> None:
        """Let a worker of each release carry on what there is."""
        for home in (self.candidate, self.control):
            worker = await hired(
                home,
                person=ADMINISTRATOR,
                told=lambda turn: self.told.append(turn.status),
            )
            await worker.work("idle")

    async def standing(self) -> Rollout:
        """Return how the newest rollout stands."""
        newest = await self.control.runtime.rollouts.newest()
        assert newest is not None
        return newest

    async def hows(self) -> list[str]:
        """Return what was decided about rollouts, the oldest first."""
        told = await entries(self.control.store, self.control.vault)
        return [
            entry["body"]["how"]
            for entry in told
            if entry["body"]["event"] == "rollout_turned"
        ]


@asynccontextmanager
async def place(
    folder: Path, *, url: str = "", database: str = ""
) -> AsyncIterator[Place]:
    """Put a release in force, and open a home under it and under another one.

    The candidate asks the model at *url*, or weighs models otherwise.
    """
    contract = folder / "contract.txt"
    folder.mkdir(parents=True)
    contract.write_text(CONTRACT, "utf-8")
    chosen = {"home": str(folder / "home")}
    if database:
        chosen["database"] = database
    settings = open_workspace({}, chosen=chosen).settings
    fields = {"url": url, "name": "m", "clearance": "confidential"}
    model = ModelEntry.model_validate(fields) if url else None
    other = settings.model_copy(update={"model": model})
    async with opened(settings) as home:
        first = await created(home, {"good": 1})
        async with opened(other, candidate=True) as wanted:
            second = await created(wanted, {"other": 1})
        await releases.promote(home.desk, first, person=REVIEWER, note=NOTE)
    async with AsyncExitStack() as stack:
        yield Place(
            control=await stack.enter_async_context(opened(settings)),
            candidate=await stack.enter_async_context(opened(settings, under=second)),
            name=second,
            contract=contract,
        )


async def created(home: Home, shares: dict[str, int]) -> str:
    """Make a release with these weights of planners, by the analyst."""
    manifest = await releases.create(home, person=ANALYST, weights={"planner": shares})
    return manifest.digest


async def test_a_run_is_given_a_release_and_keeps_it(home_folder: Path) -> None:
    """Half of the runs are the candidate's and are carried on by its worker, the rest by the
    other's; when no run says that the candidate is worse, every new run becomes the candidate's.
    """
    async with place(home_folder) as here:
        begun = await here.start()
        started = await here.begin(8)
        given = {run.id: run.release for run in started}
        await here.work()
        ended = [await here.control.runs.read(run.id) for run in started]
        standing = await here.standing()

    assert set(given.values()) == {begun.candidate, begun.control}
    assert {run.status for run in ended} == {"done"}
    assert {run.id: run.release for run in ended} == given
    assert standing.figures["runs"] == {
        "control": sum(release == begun.control for release in given.values()),
        "canary": sum(release == begun.candidate for release in given.values()),
    }


async def test_an_agent_that_cannot_judge_a_run_ends_no_worker(
    home_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an agent breaks as it is asked what is missing, everything is, and the look goes on."""

    def broken(*_: Any) -> float:
        raise ZeroDivisionError

    monkeypatch.setattr(ContractReview, "shortfall", broken)
    async with place(home_folder) as here:
        await here.start(Plan(steps=(50, 100), least_runs=30))
        await here.begin(4)
        await here.work()
        standing = await here.standing()

    figures: Any = standing.figures
    assert sum(figures["runs"].values()) == 4
    for arm in ("control", "canary"):
        number, missing, _ = figures[arm]["quality"]
        assert missing == number * 1_000_000


async def test_a_rollout_takes_two_people(home_folder: Path) -> None:
    """Whoever made the candidate does not start its rollout, whatever the roles; another person
    does, with a reason, and one rollout is open at a time.
    """
    async with place(home_folder) as here:
        with pytest.raises(NotPermitted) as own:
            await here.start(person=ANALYST)
        with pytest.raises(NotPermitted) as silent:
            await here.start(note="")
        begun = await here.start()
        with pytest.raises(BadInput) as second:
            await here.start()
        told = await entries(here.control.store, here.control.vault)

    assert (own.value.codes, silent.value.codes) == (
        ("own_request",),
        ("note_missing",),
    )
    assert second.value.code == "rollout_open"
    [entry] = [one for one in told if one["body"]["event"] == "rollout_turned"]
    assert entry["body"]["rollout"] == begun.id
    assert entry["payload"]["standing"]["by"] == "rhea"


async def test_steps_rise_to_every_run(home_folder: Path) -> None:
    """Steps that do not rise to all runs start nothing, nor do those without a run to compare: all
    runs at once with a step between, or as the first step.
    """
    codes = []
    async with place(home_folder) as here:
        switch = Plan(kind="blue_green", steps=(50, 100))
        with pytest.raises(BadInput) as refusal:
            await here.start(switch)
        codes.append(refusal.value.code)
        for steps in ((), (50,), (100,), (50, 25, 100), (0, 100), (1, 100, 100)):
            with pytest.raises(BadInput) as refusal:
                await here.start(Plan(steps=steps))
            codes.append(refusal.value.code)
        hows = await here.hows()

    assert (set(codes), hows) == ({"rollout_step"}, [])


async def test_while_it_is_paused_nobody_is_given_the_candidate(
    home_folder: Path,
) -> None:
    """A pause and a stop give every new run the release in force, a pause can be ended, and a stop
    cannot.
    """
    async with place(home_folder) as here:
        begun = await here.start(Plan(steps=(99, 100)))
        given = {run.release for run in await here.begin(3)}
        await here.turn("paused")
        paused = {run.release for run in await here.begin(3)}
        await here.turn("resumed")
        resumed = {run.release for run in await here.begin(3)}
        await here.turn("stopped")
        stopped = {run.release for run in await here.begin(3)}
        with pytest.raises(BadInput) as over:
            await here.turn("resumed")
        hows = await here.hows()

    assert begun.candidate in given & resumed
    assert paused == stopped == {begun.control}
    assert over.value.code == "no_rollout"
    assert hows == ["started", "paused", "resumed", "stopped"]


async def test_who_paused_a_rollout_is_not_overruled_by_who_wants_it(
    home_folder: Path,
) -> None:
    """Neither who made the release nor who started the rollout lets it go on after somebody else
    paused it; whoever paused it does, and so does a person with no part in it.
    """
    maker = replace(ANALYST, roles=("reviewer",))
    other = replace(REVIEWER, id="otto")
    codes = []
    async with place(home_folder) as here:
        await here.start()
        await here.turn("paused", person=ADMINISTRATOR)
        for person in (REVIEWER, maker):
            with pytest.raises(NotPermitted) as refusal:
                await here.turn("resumed", person=person)
            codes.append(refusal.value.codes)
        still = await here.standing()
        for paused_by, resumed_by in (
            (None, ADMINISTRATOR),
            (ADMINISTRATOR, other),
            (REVIEWER, REVIEWER),
            (maker, maker),
        ):
            if paused_by is not None:
                await here.turn("paused", person=paused_by)
            await here.turn("resumed", person=resumed_by)
        after = await here.standing()

    assert codes == [("own_request",)] * 2
    assert (still.status, still.halted_by) == ("paused", ("ada",))
    assert (after.status, after.halted_by) == ("live", ())


@pytest.mark.parametrize("halts", [("paused",), ("stopped",)])
async def test_who_stopped_a_rollout_is_not_overruled_by_a_new_one(
    home_folder: Path, halts: tuple[rollouts.Turn, ...]
) -> None:
    """After somebody else paused or stopped a rollout, neither a stop and a new start nor a
    promotion by whoever started it gives the release a run; a person with no part in it starts it
    anew, and what that person stopped, that person starts.
    """
    other = replace(REVIEWER, id="otto")
    codes = []
    async with place(home_folder) as here:
        await here.start()
        for how in halts:
            await here.turn(how, person=ADMINISTRATOR)
        if halts == ("paused",):
            await here.turn("stopped")
        for work in (here.start, here.promote):
            with pytest.raises(NotPermitted) as refusal:
                await work()
            codes.append(refusal.value.codes)
        stopped = await here.standing()
        begun = await here.start(person=other)
        await here.turn("stopped", person=other)
        again = await here.start(person=other)
        await here.turn("stopped", person=other)

    assert codes == [("own_request",)] * 2
    assert "ada" in stopped.halted_by
    assert begun.id != again.id


async def test_a_stop_while_a_start_is_decided_is_not_overruled(
    home_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the policy permitted before somebody else stopped the rollout starts none after that."""
    decide = EmbeddedPoint.decide
    async with place(home_folder) as here:
        await here.start()

        async def late(point: EmbeddedPoint, request: AccessRequest) -> Decision:
            decision = await decide(point, request)
            if request.action.tool == "rollout.start":
                await here.turn("stopped", person=ADMINISTRATOR)
            return decision

        monkeypatch.setattr(EmbeddedPoint, "decide", late)
        with pytest.raises(BadInput) as refusal:
            await here.start()
        hows = await here.hows()

    assert refusal.value.code == "rollout_moved"
    assert hows == ["started", "stopped"]


async def test_who_stopped_a_rollout_is_not_overruled_by_a_way_back(
    home_folder: Path,
) -> None:
    """Where the release was in force before, neither who made it nor who started its rollout goes
    back to it alone after somebody else stopped the rollout; another person does, and from then on
    everybody may again.
    """
    starter = replace(REVIEWER, roles=("reviewer", "administrator"))
    codes = []
    async with place(home_folder) as here:
        first = await here.control.runtime.releases.in_force()
        await here.promote()
        await here.back(first, person=starter)
        await here.start(person=starter)
        await here.turn("stopped", person=ADMINISTRATOR)
        for person in (starter, ANALYST):
            with pytest.raises(NotPermitted) as refusal:
                await here.back(here.name, person=person)
            codes.append(refusal.value.codes)
        await here.back(here.name, person=ADMINISTRATOR)
        await here.back(first, person=ANALYST)
        again = await here.back(here.name, person=starter)

    assert codes == [("own_request",)] * 2
    assert again.release == here.name


async def test_a_release_that_fails_is_taken_back(home_folder: Path) -> None:
    """Six failed runs of the candidate, one after the other, end the rollout at once, while the
    release in force goes on; the entry says on which figures.
    """
    async with (
        ModelServer([refuses(400)]) as server,
        place(home_folder, url=server.url) as here,
    ):
        begun = await here.start(Plan(steps=(80, 100)))
        given = [run.release for run in await here.begin(1)]
        while given.count(begun.candidate) < BURST or begun.control not in given:
            given += [run.release for run in await here.begin(1)]
        await here.work()
        standing = await here.standing()
        after = {run.release for run in await here.begin(4)}
        in_force = await here.control.runtime.releases.in_force()

    assert standing.status == "rolled_back"
    assert standing.figures["guard"] == "error_burst"
    assert after == {begun.control} == {in_force}


async def test_all_runs_at_once_and_back(home_folder: Path) -> None:
    """Once the control was seen, blue/green gives every run the candidate in one transaction, with
    its policy; a stop is the way back in one more, and processes of either release begin the runs.
    """
    plan = Plan(kind="blue_green", steps=(0, 100), least_runs=2, hold_s=3_600)
    async with place(home_folder) as here:
        begun = await here.start(plan)
        before = {run.release for run in await here.begin(2)}
        await here.work()
        switched = [
            await here.begin(1, home) for home in (here.control, here.candidate)
        ]
        in_force = await here.control.runtime.releases.in_force()
        await here.work()
        watched = await here.standing()
        with pytest.raises(BadInput) as paused:
            await here.turn("paused")
        await here.turn("stopped")
        back = [await here.begin(1, home) for home in (here.control, here.candidate)]

    assert before == {begun.control}
    assert [run.release for [run] in switched] == [begun.candidate] * 2
    assert in_force == begun.candidate
    assert (watched.status, watched.step) == ("live", 1)
    assert paused.value.code == "no_rollout"
    assert [run.release for [run] in back] == [begun.control] * 2


async def test_a_promotion_by_hand_ends_a_rollout(home_folder: Path) -> None:
    """Where a person puts another release in force the controller decides nothing any more, and
    leaves in force what the person chose.
    """
    async with place(home_folder) as here:
        begun = await here.start()
        await here.promote()
        await here.work()
        standing = await here.standing()
        in_force = await here.control.runtime.releases.in_force()

    assert (standing.status, in_force) == ("stopped", begun.candidate)


@pytest.fixture
def home_folder(tmp_path: Path) -> Path:
    """The folder of a new home."""
    return tmp_path / "home"
