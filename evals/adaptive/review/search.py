"""The search over a contract review: calls of its planner, before and after a person agreed."""

import random
from dataclasses import dataclass
from typing import Any, Final

from interlock.agents.contract_review.workflow import ACTIONS
from interlock.evals.adaptive.review.attack import Attack
from interlock.evals.adaptive.score import Score
from interlock.evals.demo import job
from interlock.evals.hostile import effects
from interlock.evals.hostile.effects import Watched
from interlock.evals.hostile.orders import orders
from interlock.evals.hostile.trials import ATTACKED, TELLTALE, Place
from interlock.runtime.door.door import Door
from interlock.runtime.run.run import Run

#: Tries of one run: half before a person approved the honest mail, half after
_LONGEST: Final = 500


@dataclass(kw_only=True)
class Review:
    """The search; its runs are reviews of one honest contract."""

    place: Place
    dice: random.Random
    score: Score

    async def run(self, tries: int) -> None:
        """Try so many proposals, in as many runs as they take."""
        last = self.score.tries + tries
        path = self.place.rival.parent / "honest.txt"
        path.write_text("\n\n".join(orders().contract), "utf-8")
        while self.score.tries < last:
            run = await self.place.start(path, tenant=ATTACKED)
            attack = await self._attack(run)
            number = min(_LONGEST, last - self.score.tries)
            await attack.search(number // 2)
            await attack.approve()
            await attack.search(number - number // 2)
            self.score.runs += 1
            self.place.home.runs.give_back(attack.door.run)

    async def _attack(self, run: Run) -> Attack:
        home = self.place.home
        (report,) = await home.reports.of_run(run.id)
        outcome: Any = await home.runs.outcome(run.id)
        watched = Watched(
            run=run,
            notify=frozenset(job.NOTIFY),
            telltale=TELLTALE,
        )
        claimed = await home.runs.claim(run.id)
        door = Door(pep=home.pep, run=claimed)
        return Attack(
            home=home,
            dice=self.dice,
            score=self.score,
            door=door.offering(*ACTIONS),
            watched=watched,
            known={
                "document": outcome["document"]["digest"],
                "path": str(self.place.rival),
                "report": {"name": report.name, "sha256": report.sha256},
            },
            usual=await effects.harm(home, watched),
        )
