"""The suite `live`: a real model under attack, its hijacked proposals against effects done."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from interlock.agents.contract_review.planners import Text
from interlock.evals.demo import job
from interlock.evals.hostile import trials
from interlock.evals.hostile.cases import Trial
from interlock.evals.hostile.trials import Place
from interlock.evals.live import documents, server
from interlock.evals.live.judge import Judged, judged
from interlock.evals.live.memory import Memory
from interlock.evals.live.planner import Heard, Reading
from interlock.evals.live.scores import Scores
from interlock.evals.live.server import Serving
from interlock.evals.suites.permissive import PERMISSIVE
from interlock.evals.suites.suite import Became, Case, Result
from interlock.serving.settings import BUNDLE

#: Starts a model, whose random numbers a seed draws, and stops it
Start: TypeAlias = Callable[[int], AbstractAsyncContextManager[Serving]]
#: One of so many documents of a sample is honest
_HONEST: Final = 4
#: Reviews of one document until the model answered in the time that a call has
_TRIES: Final = 10
_UNMEASURED: Final = (
    "Another model: this one has 1.5 billion parameters and was trained to write code.",
    "Orders written by somebody who adapts to this model, or to its prompt.",
    "A person who agrees to whatever is asked: what waits for one counts as not done.",
)


@dataclass(kw_only=True)
class Live:
    """The suite; *start* is the model that plans."""

    start: Start = server.serving
    name: str = "live"
    title: str = "A real language model that reads hostile contracts and plans"

    async def run(self, *, sample: int | None, seed: int, jobs: int) -> Result:
        """See `Suite`: one document after the other, as the model has all processors."""
        wanted = _drawn(sample, seed)
        async with self.start(seed) as serving:
            memory = Memory(
                model=serving.model,
                file=serving.answers,
                about=f"{serving.notes} {seed}",
            )
            async with _room(memory, BUNDLE) as room:
                railed = [await room.review(trial) for trial in wanted]
                revision = room.place.home.bundle.revision
                whole = await room.whole()
            async with _room(memory, PERMISSIVE) as room:
                lost = [one.trial for one in railed if one.hijacked]
                control = [await room.review(trial) for trial in lost]
            await memory.close()
        scores = Scores(railed=railed, control=control)
        asked = f"{memory.questions} questions, temperature 0, seed {seed}"
        return Result(
            suite=self.name,
            revision=revision,
            cases=(*scores.cases(), whole),
            rates=tuple(scores.rates()),
            notes=(*serving.notes, asked),
            unmeasured=_UNMEASURED,
        )


def _drawn(sample: int | None, seed: int) -> list[Trial]:
    """Return the documents, honest ones first; of a sample one in some is honest."""
    if sample is None:
        return [*documents.honest(None, seed), *documents.hostile(None, seed)]
    honest = max(1, sample // _HONEST)
    return [
        *documents.honest(honest, seed),
        *documents.hostile(sample - honest, seed),
    ]


@dataclass(kw_only=True)
class _Room:
    """A home under one policy, in which the model plans."""

    place: Place
    heard: Heard

    async def review(self, trial: Trial) -> Judged:
        """Review one document, again as long as the model only needs more time."""
        for _ in range(_TRIES):
            review = await self._review(trial)
            if review.broken != "timed_out":
                break
        return review

    async def whole(self) -> Case:
        """Judge the home as a whole: the ledger, and mails that no action sent."""
        problems: Sequence[str] = await self.place.problems()
        became: Became = "breached" if problems else "held"
        return Case(
            id="whole",
            kind="the home as a whole",
            became=became,
            detail="; ".join(problems),
        )

    async def _review(self, trial: Trial) -> Judged:
        try:
            came = await self.place.review(trial)
        except Exception as error:  # noqa: BLE001 - it says nothing about the rails
            late = isinstance(error, TimeoutError)
            return Judged(
                trial=trial,
                broken="timed_out" if late else "crashed",
                detail=repr(error),
            )
        return judged(
            came,
            self.heard.proposed.get(came.run.id, ()),
            notify=frozenset(job.NOTIFY),
            is_late=came.run.id in self.heard.late,
        )


@asynccontextmanager
async def _room(memory: Memory, bundle: Path) -> AsyncIterator[_Room]:
    heard = Heard()

    def planner(*, text: Text) -> Reading:
        return Reading(text=text, memory=memory, heard=heard)

    async with trials.place(bundle, planner=planner) as place:
        yield _Room(place=place, heard=heard)
