"""One batch: submitted, worked on by several processes, and checked when all of it is over."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from interlock.evals.batches.outcome import Report
from interlock.evals.batches.process import Process
from interlock.evals.batches.shortage import Shortage
from interlock.runtime.errors import GuardFailed
from interlock.runtime.record import audit, state
from interlock.runtime.record.store import tables
from interlock.runtime.run import level
from interlock.runtime.run.jobs import Item, Job, Jobs
from interlock.serving import batches
from interlock.serving.home import Home, opened
from interlock.serving.workspace import open_workspace

#: Of so many kills one hits the submission
_SUBMISSION: Final = 4
_LOOK_S: Final = 0.25
#: Without any progress for so long the batch is stuck
_PATIENCE_S: Final = 180
_KINDS: Final = ("contract", "report")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is asked for; *seed* decides about the moments of the kills."""

    contracts: int
    kills: int
    workers: int
    seed: int
    #: With how many effects the job begins, and by how many its budget is raised; 0 for no limit.
    #: The kills are then beside the raises
    step: int = 0


@dataclass(kw_only=True)
class _Plan:
    """When something is killed: at so many documents taken, or at so many over."""

    dice: random.Random
    of_submission: list[int]
    of_workers: list[int]

    @classmethod
    def of(cls, size: "Size") -> "_Plan":
        dice = random.Random(size.seed)  # noqa: S311 - kills that can be repeated
        kills = 0 if size.step else size.kills
        early = kills // _SUBMISSION
        return cls(
            dice=dice,
            of_submission=_moments(dice, size.contracts // 2, early),
            of_workers=_moments(dice, size.contracts * 3 // 4, kills - early),
        )


def _moments(dice: random.Random, most: int, number: int) -> list[int]:
    return sorted(dice.randrange(most) for _ in range(number))


@dataclass(kw_only=True)
class Batch:
    """The processes of one batch, and the home that they share."""

    home: Home
    plan: _Plan
    shortage: Shortage
    report: Report
    submission: Process
    #: Of several the first one is never killed: its memory shows what grows
    workers: Sequence[Process]
    #: When something of the job went on last
    progress: float = field(default_factory=time.monotonic)

    async def run(self) -> Job:
        """Keep everything at work until the job is over, and return the job."""
        await self.submission.start()
        job = await self._begun()
        for worker in self.workers:
            await worker.start()
        try:
            while not self._is_over(job):
                job = await self._later(job)
                self._measure(job)
                await self._kill(job)
                self.report.kills += await self.shortage.mend(job, self.workers)
                await self._restart()
        finally:
            for process in (self.submission, *self.workers):
                await process.end(signal.SIGTERM)
        self.report.missed += len(self.plan.of_workers) + self.shortage.kills
        self.report.raises = self.shortage.raises
        self.report.kills_of_raises = self.shortage.kills_of_raises
        return job

    @property
    def _jobs(self) -> Jobs:
        return batches.jobs_in(self.home.runtime.storage)

    async def _begun(self) -> Job:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                jobs = await self._jobs.page(tenant="default", limit=1)
                if jobs:
                    return jobs[0]
                await asyncio.sleep(_LOOK_S)

    async def _later(self, before: Job) -> Job:
        job = await self._jobs.read(before.id)
        now = time.monotonic()
        if (job.taken, job.over) != (before.taken, before.over):
            self.progress = now
        if now - self.progress > _PATIENCE_S:
            raise GuardFailed(
                guard=job.id,
                why=f"nothing of it went on for {_PATIENCE_S} s: {dict(job.counts)}",
                next_step="Look at what the processes say.",
            )
        await asyncio.sleep(_LOOK_S)
        return job

    def _is_over(self, job: Job) -> bool:
        return job.over >= job.items and self.submission.code == 0

    def _measure(self, job: Job) -> None:
        self.submission.measure(job.taken)
        self.workers[0].measure(job.over)

    async def _kill(self, job: Job) -> None:
        plan = self.plan
        moment = plan.dice.random() * _LOOK_S
        if plan.of_submission and job.taken > plan.of_submission[0]:
            plan.of_submission.pop(0)
            if self.submission.is_alive:
                await self._killed(self.submission, moment)
                self.report.kills_of_submission += 1
            else:
                self.report.missed += 1
        if plan.of_workers and job.over > plan.of_workers[0]:
            plan.of_workers.pop(0)
            victims = self.workers[1:] or self.workers
            await self._killed(plan.dice.choice(victims), moment)

    async def _killed(self, process: Process, moment: float) -> None:
        await asyncio.sleep(moment)
        await process.end(signal.SIGKILL)
        self.report.kills += 1

    async def _restart(self) -> None:
        for process in (self.submission, *self.workers):
            if process.code == -signal.SIGKILL:
                await process.start()
            elif process.code:
                raise GuardFailed(
                    guard=f"interlock {process.words[0]}",
                    why=process.complained,
                    next_step="Mend what it says, and run the batch again.",
                )


async def attempt(folder: Path, size: Size, *, database: str | None) -> Report:
    """Carry the contracts in *folder* through one job, with kills on the way; return what came."""
    began = time.monotonic()
    report = Report(contracts=size.contracts)
    chosen = {"INTERLOCK_HOME": str(folder / "home")}
    chosen |= {"INTERLOCK_DATABASE": database} if database else {}
    environment = _environment() | chosen

    def process(*words: str) -> Process:
        return Process(words=words, environment=environment, folder=folder)

    async with opened(open_workspace(chosen).settings) as home:
        report.database = home.store.dialect
        submit = ("batch", "submit", str(folder / "contracts"), "--yes", "--json")
        batch = _batch(home, size, report, command=process, submit=submit)
        job = await batch.run()
        report.seconds = round(time.monotonic() - began, 1)
        report.submission_mib = batch.submission.quarters()
        report.worker_mib = batch.workers[0].quarters()
        await _check(home, job, report)
    return report


def _batch(
    home: Home,
    size: Size,
    report: Report,
    *,
    command: Callable[..., Process],
    submit: Sequence[str],
) -> Batch:
    """Return the processes of a batch that *submit* begins, of which none is started yet."""
    plan = _Plan.of(size)
    shortage = Shortage(
        step=size.step,
        kills=size.kills if size.step else 0,
        dice=plan.dice,
        command=command,
    )
    return Batch(
        home=home,
        plan=plan,
        shortage=shortage,
        report=report,
        submission=command(*submit, *shortage.options),
        workers=[command("worker", "--json") for _ in range(size.workers)],
    )


def _environment() -> dict[str, str]:
    """Return the environment of this process without any setting of ours."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("INTERLOCK_")
    }


async def _check(home: Home, job: Job, report: Report) -> None:
    storage = home.runtime.storage
    items = [item async for item in batches.every_item(storage, job.id)]
    report.statuses = dict(Counter(item.status for item in items))
    report.reasons = [
        f"{item.run_id}: {batches.why(item)}" for item in items if item.status != "done"
    ]
    for kind in _KINDS:
        kept = await home.store.read(partial(_kept, kind=kind))
        wrong = sum(kept.get(item.run_id) != 1 for item in items)
        setattr(report, f"{kind}s_wrong", wrong + len(kept.keys() - _runs(items)))
    report.spent = (await batches.view(storage, job.id, limit=1))["spend"]
    report.spent_by_items = await _spent(home, items)
    verified = await audit.verified(home.store, home.vault, home.ledger)
    report.problems = [problem.code for problem in verified.problems]
    report.problems += map(str, await state.differences(home.store, home.vault))


def _runs(items: Sequence[Item]) -> set[str]:
    return {item.run_id for item in items}


def _kept(connection: Connection, kind: str) -> dict[str, int]:
    """Return how many things of the kind each run keeps."""
    row = tables.record.c
    query = select(row.run_id, func.count()).where(row.kind == kind)
    rows = connection.execute(query.group_by(row.run_id))
    return {run_id: number for run_id, number in rows}  # noqa: C416 - a row is no pair to mypy


async def _spent(home: Home, items: Sequence[Item]) -> dict[str, int]:
    """Return what the budgets of all documents say together."""
    total: Counter[str] = Counter()
    for item in items:
        run = await home.runs.read(item.run_id)
        own = await home.store.read(partial(level.read, budget_id=run.budget_id))
        total.update(own.facts.spent.counts())
    return dict(total)
