"""One home that lives on while somebody changes its rows."""

from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Executable, create_engine
from sqlalchemy.engine import make_url

from interlock.runtime.door.outcome import Done, Waiting
from interlock.runtime.errors import (
    InterlockError,
    LogBroken,
    NotAsRecorded,
    SchemaChanged,
)
from interlock.runtime.run.run import Run
from interlock.runtime.testing import REVIEWER, Effects, StaticPoint, World

MAIL: Final = "mail.send"
AGAIN: Final = "note.again"
LABEL: Final = '{"confidentiality":"public","integrity":"trusted","sources":["sql"]}'


@dataclass(kw_only=True)
class House:
    """A world whose tools are asked for and repeatable, and what they did."""

    world: World
    effects: Effects

    @property
    def done(self) -> list[str]:
        return self.effects.done

    async def act(self, run: Run, tool: str, call: str) -> Any:
        outcome = await self.world.pep.enforce(
            run, tool=tool, arguments={"text": call}, call_id=call
        )
        await self.world.store.durable(run.claim)
        return outcome

    async def approved(self, run: Run, call: str = "a") -> Waiting:
        """Ask for an action and have it approved."""
        waiting: Waiting = await self.act(run, MAIL, call)
        approvals = self.world.approvals
        shown = (await approvals.read(waiting.approval_id)).evidence_digest
        await approvals.decide(
            waiting.approval_id,
            reviewer=REVIEWER,
            verdict="approved",
            shown=shown,
            note="looked at",
        )
        return waiting

    async def waits(self) -> Run:
        """Return a run whose claim ended with an approved action that was not begun."""
        run = await self.world.start()
        await self.approved(run)
        await self.world.runs.end(run, "waiting", {})
        self.world.runs.give_back(run)
        return run


def house(folder: Path, url: str) -> House:
    effects = Effects()
    tools = [effects.tool(MAIL), effects.tool(AGAIN, idempotent=True)]
    pdp = StaticPoint(
        effects={MAIL: "permit", AGAIN: "permit"}, waiting=frozenset({MAIL})
    )
    return House(world=World(folder, tools=tools, pdp=pdp, url=url), effects=effects)


def sql(url: str, *statements: Executable) -> None:
    """Do what somebody does who can write rows and has no key."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)
    engine.dispose()


async def refused(code: str, work: Awaitable[Any]) -> InterlockError:
    with pytest.raises((NotAsRecorded, LogBroken, SchemaChanged)) as refusal:
        await work
    assert code in (refusal.value.code, getattr(refusal.value, "problem", ""))
    return refusal.value


async def nothing(work: Awaitable[Any]) -> None:
    """Expect an error or an answer that says that nothing was done."""
    try:
        outcome = await work
    except InterlockError:
        return
    assert not isinstance(outcome, Done)
