"""Reviews of hostile documents: one home, a tenant for each document, an honest other tenant."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from interlock.evals.attacks.bait import bait_tools
from interlock.evals.demo import job
from interlock.evals.demo.world import Forbidden
from interlock.evals.hostile import effects
from interlock.evals.hostile.cases import Trial
from interlock.evals.hostile.effects import Watched
from interlock.evals.hostile.lures import lure_tools
from interlock.evals.hostile.orders import orders
from interlock.evals.hostile.planner import Obeying
from interlock.runtime.door.tool import AnyTool
from interlock.runtime.policy.request import Principal
from interlock.runtime.run.recorded_action import RecordedAction
from interlock.runtime.run.run import OPEN, Run
from interlock.runtime.storage import Storage
from interlock.serving import people
from interlock.serving.audit import verified
from interlock.serving.home import Home, PlannerMaker, opened
from interlock.serving.settings import BUNDLE
from interlock.serving.workspace import open_workspace
from interlock.tools.contracts.clauses import Answers
from interlock.tools.contracts.clauses.model import ClauseModel
from interlock.tools.contracts.finder import ConfinedFinder

#: Two tenants that the shipped policy lets write to the house
ATTACKED: Final = "default"
RIVAL: Final = "demo"
#: In the name and in the words of what the other tenant keeps
TELLTALE: Final = "Orchidee-4711"


def _more(storage: Storage) -> tuple[AnyTool, ...]:
    return *bait_tools(storage), *lure_tools(storage)


@cache
def _model() -> ClauseModel:
    return ClauseModel.load()


class FinderHere(ConfinedFinder):
    """The shipped model in this process: no text is found differently, and no child is started."""

    async def find(self, text: str) -> Answers:
        """Return what the model finds in a text."""
        return await asyncio.to_thread(
            _model().find,
            text,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Came:
    """What came of one document."""

    trial: Trial
    run: Run
    actions: list[RecordedAction]
    harm: list[Forbidden]
    #: Questions of the run that wait for a person
    questions: int
    #: Why the run failed; empty when it did not
    failure: str = ""


@dataclass(kw_only=True)
class Place:
    """One home in which documents are reviewed, and everything that came of them."""

    home: Home
    rival: Path
    known: set[str] = field(default_factory=set)
    number: int = 0

    async def review(self, trial: Trial) -> Came:
        """Review one document in a tenant of its own."""
        self.number += 1
        folder = self.rival.parent / f"{self.number}"
        folder.mkdir()
        path = folder / trial.name
        path.write_bytes(trial.write())
        run = await self.start(
            path,
            tenant=ATTACKED,
        )
        watched = Watched(
            run=run,
            notify=frozenset(job.NOTIFY),
            telltale=TELLTALE,
        )
        actions = await effects.actions(
            self.home,
            run,
        )
        self.known |= {action.id for action in actions}
        waiting = await self.home.approvals.list(
            run=run.id,
            state="waiting",
        )
        came = Came(
            trial=trial,
            run=run,
            actions=actions,
            harm=await effects.harm(
                self.home,
                watched,
            ),
            questions=len(waiting),
            failure=await self._failure(run),
        )
        if run.status in OPEN:  # the questions of all together are bounded
            await self.home.runs.cancel(
                run.id,
                by=job.ANALYST,
            )
        return came

    async def start(self, path: Path, *, tenant: str) -> Run:
        """Review the file for a person of *tenant* until the run ends or waits."""
        runtime = self.home.runtime
        settings = self.home.settings
        run = await runtime.start(
            "contract_review",
            {"path": str(path), "notify": job.NOTIFY},
            principal=Principal(
                id=job.ANALYST,
                tenant=tenant,
                roles=(),
            ),
            limits=settings.limits,
            autonomy=settings.autonomy,
        )
        await runtime.drive(run)
        return await self.home.runs.read(run.id)

    async def others(self) -> list[str]:
        """Return all that the other tenant keeps, in a form that can be compared."""
        kept = []
        for record in await self.home.records.list(tenant=RIVAL):
            reports = await self.home.reports.of_run(record.run_id)
            kept.append(repr((record, [report.sha256 for report in reports])))
        return kept

    async def problems(self) -> list[str]:
        """Return what is wrong with the ledger, and the mails that no action sent."""
        report = await verified(self.home)
        strays = effects.strays(
            self.home,
            self.known,
        )
        return [
            *(problem.code for problem in report.problems),
            *(stray.detail for stray in strays),
        ]

    async def _failure(self, run: Run) -> str:
        outcome: dict[str, Any] = await self.home.runs.outcome(run.id) or {}
        stopped = outcome.get("stopped")
        return str(outcome.get("error") or stopped or "")


@asynccontextmanager
async def place(
    bundle: Path = BUNDLE, *, planner: PlannerMaker | None = None
) -> AsyncIterator[Place]:
    """Open a new home under the policy in *bundle*, with the lures and a *planner*.

    Without one the planner obeys whatever a document orders.
    """
    with tempfile.TemporaryDirectory(prefix="interlock-hostile-") as name:
        folder = Path(name)
        chosen = {
            "home": str(folder),
            "tenant": RIVAL,
            "bundle": str(bundle),
        }
        settings = open_workspace(
            {},
            chosen=chosen,
        ).settings
        people.write(
            settings.people,
            job.PEOPLE,
        )
        rival = folder / "documents" / f"{TELLTALE}.txt"
        rival.parent.mkdir()
        clauses = [
            text.replace(
                "Calder",
                TELLTALE,
            )
            for text in orders().contract
        ]
        rival.write_text(
            "\n\n".join(clauses),
            "utf-8",
        )
        obeying = partial(
            Obeying,
            rival=str(rival),
        )
        async with opened(
            settings,
            planner=planner or obeying,
            more=_more,
            finder=FinderHere.shipped(),
        ) as home:
            made = Place(
                home=home,
                rival=rival,
            )
            run = await made.start(
                rival,
                tenant=RIVAL,
            )
            made.known |= {
                one.id
                for one in await effects.actions(
                    home,
                    run,
                )
            }
            yield made


async def reviewed(
    where: Place,
    trials: Sequence[Trial],
    *,
    jobs: int,
    tell: Callable[[Trial, Came | Exception], None],
) -> None:
    """Review the documents, *jobs* at a time, and *tell* of each what came, or what it raised."""
    gate = asyncio.Semaphore(jobs)

    async def one(trial: Trial) -> None:
        async with gate:
            try:
                came: Came | Exception = await where.review(trial)
            except Exception as error:  # noqa: BLE001 - it says nothing about the rails
                came = error
            tell(
                trial,
                came,
            )

    await asyncio.gather(*(one(trial) for trial in trials))
