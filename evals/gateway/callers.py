"""Who calls the model: an application by itself, and a run behind the door."""

import json
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import openai
from langchain_core.messages import HumanMessage, messages_to_dict
from pydantic import SecretStr
from sqlalchemy import Connection, func, select

from interlock.evals.bench.policy import policy
from interlock.evals.bench.subject import PRINCIPAL
from interlock.runtime.door.door import Door
from interlock.runtime.door.outcome import Done
from interlock.runtime.errors import GuardFailed
from interlock.runtime.policy.engine.embedded import EmbeddedPoint
from interlock.runtime.record.store import tables
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.testing import PLENTY, TOOLBOX, World
from interlock.tools.models.generate import Served, model_tools
from interlock.tools.models.openai import EndpointModel
from interlock.tools.outbound.client import Bounds
from interlock.tools.outbound.destination import Destination

#: A question of a usual size, about 400 tokens
QUESTION: Final = (
    "Does the supplier have to give notice before the price is raised? " * 25
)
#: Characters around a text in JSON
QUOTES: Final = 2
_GENERATE: Final = "model.generate"
_WAITS_S: Final = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The server that is asked, and how long its answers are."""

    #: The base of its API
    url: str
    name: str
    key: str
    #: Most tokens of an answer
    tokens: int
    #: The JSON schema of the answers; None where they are free
    form: Mapping[str, Any] | None = None


def of_length(characters: int) -> dict[str, Any]:
    """Return the schema of a text of so many characters, where a real model ends by itself.

    Each token has at least one character, so that no answer needs more tokens than characters and
    two quotation marks. A free answer that is cut off at its limit is a failure behind the door.
    """
    return {"type": "string", "minLength": characters, "maxLength": characters}


class Direct:
    """Calls the server as an application does that has no rails."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._client = openai.AsyncOpenAI(
            base_url=target.url,
            api_key=target.key,
            max_retries=0,
            timeout=_WAITS_S,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def ask(self, number: int) -> None:
        """Ask once."""
        answer = await self._client.chat.completions.create(
            model=self._target.name,
            messages=[{"role": "user", "content": f"{QUESTION}{number}"}],
            max_completion_tokens=self._target.tokens,
            temperature=0,
            response_format=self._response_format(),
        )
        if not answer.choices:
            raise RuntimeError("the server gave no answer")

    def _response_format(self) -> Any:
        form = self._target.form
        if form is None:
            return openai.omit
        schema = {"name": "answer", "strict": True, "schema": form}
        return {"type": "json_schema", "json_schema": schema}


class Governed:
    """Calls the same server by the door, from several runs of one world."""

    def __init__(self, target: Target, folder: Path, *, runs: int) -> None:
        self._target = target
        self._folder = folder
        self._number = runs
        self._stack = AsyncExitStack()
        self._doors: list[Door] = []
        self._runs: list[Run] = []
        self.calls = 0

    async def __aenter__(self) -> Self:
        point = EmbeddedPoint(policy())
        self._stack.callback(point.close)
        world = World(
            self._folder,
            tools=model_tools({"bench": self._served()}),
            pdp=point,
            clock=time.time,
        )
        self._world = await self._stack.enter_async_context(world)
        for _ in range(self._number):
            run = await self._world.runs.start(_new(point.revision))
            self._runs.append(run)
            self._doors.append(Door(pep=self._world.pep, run=run))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _served(self) -> Served:
        target = self._target
        model = EndpointModel(
            endpoint=Destination.parse(target.url, reach="any"),
            served=target.name,
            key=SecretStr(target.key),
            longest_answer=target.tokens,
            bounds=Bounds(most_bytes=1024 * 1024, total_s=_WAITS_S),
        )
        return Served(
            model=model,
            longest_answer=target.tokens,
            micro_per_million=1_000,
        )

    async def ask(self, number: int) -> None:
        """Ask once, from one of the runs; raises `GuardFailed` unless the call was done."""
        self.calls += 1
        text = f"{QUESTION}{number}"
        arguments = {
            "model": "bench",
            "purpose": "bench",
            "messages": json.dumps(messages_to_dict([HumanMessage(text)])),
            "tools": "[]",
        }
        if self._target.form is not None:
            arguments["form"] = json.dumps(self._target.form)
        door = self._doors[number % len(self._doors)]
        outcome = await door.call(_GENERATE, arguments, call_id=str(self.calls))
        if not isinstance(outcome, Done):
            raise GuardFailed(
                guard="bench",
                why=str(outcome),
                next_step="Check `evals/bench/policies`.",
            )

    async def recorded(self) -> dict[str, int]:
        """Return what the record has of the calls, once all of it is durable.

        Each call has an intent and an outcome in the ledger and its price in the budget; with fewer
        than that the figures are those of something else. Raises `GuardFailed` then.
        """
        for run in self._runs:
            await self._world.store.durable(run.claim)
        found = await self._world.store.read(_counted)
        if min(found["intents"], found["outcomes"]) != self.calls:
            raise GuardFailed(
                guard="bench",
                why=f"{self.calls} calls, and the record has {found}",
                next_step="Find out what was not recorded.",
            )
        return {"calls": self.calls, **found}


def _counted(connection: Connection) -> dict[str, int]:
    event = tables.ledger_entry.c.event
    entries = select(event, func.count()).group_by(event)
    rows = connection.execute(entries).all()
    number = {row[0]: row[1] for row in rows}
    spent = connection.scalar(select(func.sum(tables.budget.c.spent_tokens)))
    return {
        "intents": number.get("intent", 0),
        "outcomes": number.get("outcome", 0),
        "tokens": int(spent or 0),
    }


def _new(revision: str) -> NewRun:
    return NewRun(
        agent=TOOLBOX,
        principal=PRINCIPAL,
        request={},
        limits=PLENTY,
        autonomy=2,
        revision=revision,
        intent=None,
    )
