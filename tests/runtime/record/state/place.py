"""A home whose time passes, with an engine that can fail and tools that break."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from interlock.runtime.door.outcome import Waiting
from interlock.runtime.door.tool import ToolFailed
from interlock.runtime.policy.decision import MINT, Decision, Permit
from interlock.runtime.policy.engine.answer import trouble
from interlock.runtime.policy.label import Label
from interlock.runtime.policy.request import AccessRequest
from interlock.runtime.run.run import Run
from interlock.runtime.run.shelf import Shelf
from interlock.runtime.testing import (
    REVIEWER,
    REVISION,
    Effects,
    Note,
    StaticPoint,
    World,
)

WEB = Label(integrity="untrusted", confidentiality="internal", sources=("web",))


class Ticking:
    """A clock that moves on by a second whenever it is read."""

    def __init__(self) -> None:
        self.now = 1_800_000_000

    def __call__(self) -> float:
        """Return the time."""
        self.now += 1
        return float(self.now)


@dataclass(kw_only=True)
class Point(StaticPoint):
    """A table of answers that is silent about the tools in `silent`."""

    silent: set[str] = field(default_factory=set)
    clock: Ticking = field(default_factory=Ticking)

    async def decide(self, request: AccessRequest) -> Decision:
        """Return the table's answer, or what stands for a failure."""
        if request.action.tool in self.silent:
            return trouble(
                "pdp_unavailable", revision=REVISION, engine=self.engine, detail="cut"
            )
        return await super().decide(request)


def raising(error: BaseException) -> Callable[[Permit, Note], Awaitable[Note]]:
    async def act(permit: Permit, arguments: Note) -> Note:
        raise error

    return act


def world(folder: Path, url: str) -> World:
    effects = Effects()
    tools = [
        effects.tool("note.write"),
        effects.tool("note.wait"),
        effects.tool("note.read", "read", yields=lambda arguments, value: WEB),
        replace(
            effects.tool("note.refuse"),
            act=raising(ToolFailed(code="no_such_note", detail="there is none")),
        ),
        replace(effects.tool("note.break"), act=raising(RuntimeError("broken"))),
        replace(effects.tool("note.crash"), act=raising(asyncio.CancelledError())),
    ]
    effects_of = dict.fromkeys([tool.name for tool in tools], "permit")
    pdp = Point(effects=effects_of, waiting=frozenset({"note.wait"}))  # type: ignore[arg-type]  # "permit" is an effect
    return World(folder, tools=tools, pdp=pdp, url=url, clock=pdp.clock)


async def act(home: World, run: Run, tool: str, call: str) -> Any:
    outcome = await home.pep.enforce(
        run, tool=tool, arguments={"text": call}, call_id=call
    )
    await home.store.durable(run.claim)
    return outcome


async def decide(home: World, waiting: Waiting, verdict: Any) -> None:
    shown = (await home.approvals.read(waiting.approval_id)).evidence_digest
    await home.approvals.decide(
        waiting.approval_id,
        reviewer=REVIEWER,
        verdict=verdict,
        shown=shown,
        note="looked at",
    )


async def keep(home: World, run: Run, *names: str) -> None:
    """Put things on the run's shelf, and change the status of the last."""
    shelf = Shelf(store=home.store, vault=home.vault, kind="note")
    permit = Permit(
        MINT,
        tool="note.write",
        digest="",
        action_id="a",
        run_id=run.id,
        claim=run.claim,
        tenant=run.tenant,
    )

    for name in names:
        await shelf.keep_now(permit, key=name, status="new", body={"text": name})
    await shelf.mark(permit, key=names[-1], status="old")
