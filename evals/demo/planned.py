"""The demonstration with a real language model in the planner's place, over a hostile contract."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from langchain_core.messages import AIMessage, BaseMessage

from interlock.agents.contract_review.planners import Text
from interlock.evals.attacks.bait import bait_tools
from interlock.evals.demo import job
from interlock.evals.hostile.lures import lure_tools
from interlock.evals.live import documents, server
from interlock.evals.live.memory import Memory
from interlock.evals.live.planner import Heard, Reading
from interlock.evals.live.suite import Start
from interlock.runtime.door.tool import AnyTool, ToolFailed
from interlock.runtime.policy.decision import Permit
from interlock.runtime.run.run import Run
from interlock.runtime.storage import Storage
from interlock.serving.home import Home
from interlock.tools.models.served import Model

#: The contract that is read: its end speaks to the model, as if the document were over
ORDER: Final = "mail-out.closing-tag"
_SEED: Final = 0
#: Reviews until the model answered in the time that a call has
_TRIES: Final = 20


def tools(storage: Storage) -> Sequence[AnyTool]:
    """Return the tools that hostile documents ask for; no policy of the house grants them."""
    return *bait_tools(storage), *lure_tools(storage)


@dataclass(kw_only=True)
class _Later:
    """A model that is started after the home is open."""

    model: Model | None = None

    async def answer(
        self, permit: Permit, messages: Sequence[BaseMessage], tools: Sequence[Any]
    ) -> AIMessage:
        """Return the model's answer; raises `ToolFailed` before it is started (fails closed)."""
        if self.model is None:
            raise ToolFailed(code="unknown_model")
        return await self.model.answer(permit, messages, tools)


class Planned:
    """One review by the model, from the start of its server to the summary; used once."""

    def __init__(self, start: Start = server.serving) -> None:
        self._start = start
        self._later = _Later()
        self._memory = Memory(model=self._later)
        self._heard = Heard()

    def planner(self, *, text: Text) -> Reading:
        """Return the planner, which reads the document and asks the model for each step."""
        return Reading(
            text=text,
            memory=self._memory,
            heard=self._heard,
        )

    async def summary(self, home: Home, told: Callable[[str], None]) -> dict[str, Any]:
        """Review the hostile contract, and return the summary that `job.summary` makes."""
        path = await asyncio.to_thread(_written, home.settings.home)
        told("the model is loaded")
        async with self._start(_SEED) as serving:
            self._later.model = serving.model
            run = await self._reviewed(home, path, told)
            await self._memory.close()
        return await job.summary(home, [run])

    async def _reviewed(
        self, home: Home, path: Path, told: Callable[[str], None]
    ) -> Run:
        """Review it, again as long as the model only needs more time."""
        for number in range(1, _TRIES + 1):
            told(f"the model plans a review of {path.name}, try {number}")
            run = await job.review_one(home, path)
            if run.id not in self._heard.late:
                break
        return run


def _written(home: Path) -> Path:
    (trial,) = (trial for trial in documents.hostile(None, _SEED) if trial.id == ORDER)
    path = home / "hostile-contract.txt"
    path.write_bytes(trial.write())
    return path
