"""One drill: runs are queued, workers are struck, and in the end everything is counted."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, assert_never

from sqlalchemy import select

from interlock.evals.chaos.agent import VARIABLE
from interlock.evals.chaos.children import Child, Nursery
from interlock.evals.chaos.claims import Claim, claims
from interlock.evals.chaos.crew import Crew
from interlock.evals.chaos.office import OPERATOR, Office, furnish, insisted
from interlock.evals.chaos.outside import Outside
from interlock.evals.chaos.plan import Blow, Plan
from interlock.evals.chaos.site import Site, site
from interlock.evals.chaos.tally import Acknowledged, Rows, Tally, tally
from interlock.runtime.errors import GuardFailed
from interlock.runtime.record.store import tables
from interlock.serving import audit
from interlock.serving.home import Home, opened
from interlock.serving.workspace import open_workspace

_RUN: Final = tables.run.c
#: Seconds that the workers are given to get on before the next blow, at most
_BREATH_S: Final = 10.0
#: Seconds of chance between a sign of life and a blow
_SPREAD_S: Final = 0.3
#: Seconds that everything may take to come to its end once the faults are off
_LAST_S: Final = 180.0


@dataclass(frozen=True, kw_only=True)
class Report:
    """What came of one drill."""

    tally: Tally
    kills: int
    faults: dict[Blow, int]
    #: Why workers ended that nobody ended
    exits: dict[str, int]
    ledger_ok: bool
    #: What is wrong with the ledger or the tables, by code
    problems: dict[str, int]
    #: How the claims of the dead runs ended, by run
    dead: dict[str, list[Claim]]
    seconds: float
    seed: int

    @property
    def held(self) -> bool:
        """Whether every promise held."""
        counts = self.tally
        broken = (
            counts.duplicates,
            counts.lost,
            counts.unrecorded,
            counts.stuck,
            counts.failed,
        )
        return not any(broken) and self.ledger_ok


@dataclass(kw_only=True)
class _Course:
    plan: Plan
    site: Site
    outside: Outside
    office: Office
    crew: Crew
    dice: random.Random
    struck: Counter[Blow] = field(default_factory=Counter)
    #: What took the worker of a claim, by the claim's run and fence
    taken: dict[tuple[str, int], Blow] = field(default_factory=dict)
    _seen: int = 0

    async def run(self) -> None:
        """Strike, as the plan says, while runs are queued and verdicts are given."""
        blows = self.plan.blows(self.site.faults)
        portions = self.plan.portions(len(blows))
        await self.crew.fill()
        for blow, portion in zip(blows, portions, strict=False):
            await self.office.queue(portion)
            await self._sign_of_life()
            await self._strike(blow)
            self.struck[blow] += 1
            await self.crew.fill()
            await self.office.decide()
        await self.office.queue(self.plan.runs - len(self.office.queued))
        await self.crew.dismiss()

    async def _sign_of_life(self) -> None:
        """Wait until something happened since the last blow, and then some time of chance."""
        until = time.monotonic() + _BREATH_S
        while (now := len(self.outside.effects())) <= self._seen:
            if time.monotonic() > until:
                break
            await asyncio.sleep(0.02)
        self._seen = now
        await asyncio.sleep(self.dice.uniform(0, _SPREAD_S))

    async def _strike(self, blow: Blow) -> None:
        crew = self.crew
        victim = crew.victim((await self._at_work()).values())
        match blow:
            case "kill":
                await crew.kill(victim)
                await self._took(victim, blow)
            case "stop":
                crew.pause(victim, lease_s=self.plan.lease_s)
                await self._took(victim, blow)
            case "eio":
                await crew.sicken(victim, blow)
                await self._took(victim, blow)
            case "full" if self.site.server is None:
                await crew.sicken(victim, blow)
                await self._took(victim, blow)
            case "full":
                await self.site.fill()
            case "claim":
                await crew.resume_twice(self.dice.choice(self.office.queued[-9:]))
            case "drop":
                await self.site.cut()
            case "restart":
                await self.site.restart()
            case _:
                assert_never(blow)

    async def _took(self, victim: Child, blow: Blow) -> None:
        """Keep which claims had the worker that was struck."""
        at_work = await self._at_work()
        self.taken |= {
            claim: blow for claim, pid in at_work.items() if pid == victim.pid
        }

    async def _at_work(self) -> dict[tuple[str, int], int]:
        """Return the process at work by run and fence; none while nobody can say."""
        query = select(_RUN.id, _RUN.fence, _RUN.owner).where(_RUN.status == "running")
        with suppress(GuardFailed):
            rows = await self.office.home.store.read(
                lambda connection: connection.execute(query).all()
            )
            return {(row.id, row.fence): int(row.owner.split(":")[-2]) for row in rows}
        return {}


def drill(plan: Plan) -> Report:
    """Return what came of the drill; everything of it is removed afterwards."""
    with TemporaryDirectory(prefix="interlock-chaos-") as made:
        return asyncio.run(_drilled(plan, Path(made).resolve()))


async def _drilled(plan: Plan, folder: Path) -> Report:
    began = time.monotonic()
    outside = Outside(folder=folder)
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(
            site(plan.kind, folder, database=plan.database)
        )
        furnish(folder, database=place.url, concurrency=plan.concurrency)
        settings = open_workspace({}, place=folder).settings
        home = await stack.enter_async_context(opened(settings))
        nursery = await stack.enter_async_context(
            Nursery.opened(
                folder, lease_s=plan.lease_s, variables={VARIABLE: str(folder)}
            )
        )
        dice = plan.dice()
        course = _Course(
            plan=plan,
            site=place,
            outside=outside,
            office=Office(home=home),
            crew=Crew(
                nursery=nursery,
                dice=dice,
                size=plan.workers,
            ),
            dice=dice,
        )
        await course.run()
        await _drained(course.office, nursery)
        return await _counted(course, nursery, seconds=time.monotonic() - began)


async def _drained(office: Office, nursery: Nursery) -> None:
    """Let what is left come to its end, with no faults any more."""
    until = time.monotonic() + _LAST_S
    while await office.goes_on() and time.monotonic() < until:
        await office.decide()
        worker = await nursery.begin(
            "worker", "--until-idle", "--json", "--as", OPERATOR
        )
        await worker.ended
        await asyncio.sleep(0.2)


async def _counted(course: _Course, nursery: Nursery, *, seconds: float) -> Report:
    home = course.office.home
    rows = await insisted(lambda: home.store.read(Rows.read))
    told = Acknowledged(
        queued=course.office.queued,
        verdicts=course.office.verdicts,
        turns=_turns(nursery.children),
    )
    problems = await _problems(home)
    return Report(
        tally=tally(rows, course.outside.effects(), told),
        kills=course.struck["kill"],
        faults=dict(course.struck),
        exits=dict(course.crew.exits),
        ledger_ok=not problems,
        problems=problems,
        dead={
            run_id: claims(run_id, await audit.entries(home, run_id), course.taken)
            for run_id, status in rows.runs.items()
            if status == "dead"
        },
        seconds=round(seconds, 1),
        seed=course.plan.seed,
    )


async def _problems(home: Home) -> dict[str, int]:
    """Return what `audit verify --state` says is wrong, by code."""
    verified = await audit.verified(home)
    differences = await audit.compared(home)
    codes = [problem.code for problem in (*verified.problems, *verified.gaps)]
    return dict(Counter([*codes, *(one.code for one in differences)]))


def _turns(children: Sequence[Child]) -> Mapping[str, str]:
    """Return the status of each run as it was told last."""
    told: dict[str, Any] = {}
    for child in children:
        for turn in child.told():
            if turn.get("run_id") and "status" in turn:
                told[turn["run_id"]] = turn["status"]
    return told
