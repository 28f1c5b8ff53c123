"""The analyst in a home under the shipped policy, with a model that says what the test tells."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from sqlalchemy import Connection

from interlock.evals.demo import job
from interlock.evals.hostile.trials import FinderHere
from interlock.runtime.graph.driver import Ended
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import Principal
from interlock.runtime.run.recorded_action import RecordedAction, of_run
from interlock.serving import people
from interlock.serving.home import Home, opened
from interlock.serving.view import view
from interlock.serving.workspace import open_workspace

TEXT = (
    'SERVICES AGREEMENT\n\nThis Services Agreement is made between Acme Inc. ("Supplier") and Beta '
    'LLC ("Customer").\n\n1. Fees. {fees}\n\n2. Governing Law. This Agreement shall be governed by '
    "the laws of the State of New York.\n\n3. Liability. In no event shall either party's "
    "liability exceed the fees paid under this Agreement.\n"
)
RISING = "Supplier may increase the fees by 5 percent each year upon thirty days written notice."
FIXED = "The fees are fixed for the whole term of this Agreement."


def step(tool: str, **arguments: Any) -> dict[str, Any]:
    """Return a step as a model writes it."""
    return {"tool": tool, "arguments": arguments}


def plan(*steps: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan as a model writes it."""
    return {"steps": list(steps)}


@dataclass
class Scripted:
    """A model that says one thing after the other, the last one for ever, and keeps what it is
    asked.
    """

    says: list[Any]
    asked: list[list[BaseMessage]] = field(default_factory=list)

    async def answer(
        self, permit: Permit, messages: Sequence[BaseMessage], tools: Sequence[Any]
    ) -> AIMessage:
        said = self.says[min(len(self.asked), len(self.says) - 1)]
        self.asked.append(list(messages))
        return AIMessage(content=said if isinstance(said, str) else json.dumps(said))


@dataclass(kw_only=True)
class Office:
    """One home, in which questions are asked."""

    home: Home
    model: Scripted
    folder: Path
    view: dict[str, Any] = field(default_factory=dict)

    async def ask(self, question: str, *fees: str) -> Ended:
        """Ask a question over one contract for each of the *fees*; an empty one is no contract."""
        paths = []
        for number, words in enumerate(fees, start=1):
            path = self.folder / f"contract-{number}.txt"
            path.write_text(TEXT.format(fees=words) if words else "", "utf-8")
            paths.append(str(path))
        settings = self.home.settings
        run = await self.home.runtime.start(
            "analyst",
            {"question": question, "paths": paths},
            principal=Principal(id=job.ANALYST, tenant="demo", roles=()),
            limits=settings.limits,
            autonomy=settings.autonomy,
        )
        ended = await self.home.drive(run)
        self.view = await view(self.home, run.id)
        return ended

    async def result(self, tool: str) -> Any:
        """Return what a tool gave back, the first time."""
        storage = self.home.runtime.storage
        run_id = self.view["run_id"]

        def read(connection: Connection) -> list[RecordedAction]:
            return of_run(connection, run_id, storage.vault.key(connection, run_id))

        actions = await storage.store.read(read)
        (first, *_) = [action for action in actions if action.tool == tool]
        return json.loads(first.result or b"null")

    @property
    def answer(self) -> dict[str, Any]:
        """What the analyst left."""
        left: dict[str, Any] = self.view["answer"]
        return left

    def acted(self) -> list[tuple[str, str]]:
        """Return each action but those of the model, with what became of it."""
        return [
            (one["tool"], one["state"])
            for one in self.view["decisions"]
            if one["tool"] != "model.generate"
        ]


@pytest.fixture
def office(tmp_path: Path) -> Any:
    """Open an office whose model says so."""

    @asynccontextmanager
    async def opening(*says: Any) -> AsyncIterator[Office]:
        chosen = {"home": str(tmp_path / "home"), "tenant": "demo"}
        settings = open_workspace({}, chosen=chosen).settings
        people.write(settings.people, job.PEOPLE)
        model = Scripted(says=list(says))
        finder = FinderHere.shipped()
        planner = (lambda *, text: model) if says else None
        async with opened(settings, planner=planner, finder=finder) as home:
            yield Office(home=home, model=model, folder=tmp_path)

    return opening
