"""Seeding: canaries are made of what people were asked before, and put before them as that was.

    a request that was asked -> one thing made bad -> the same steps that only read -> the policy

A canary passes the policy in force: what the policy itself denies never reaches a reviewer, so it
would measure nobody. The door of a canary has tools that refuse to act, its run is claimed by
nobody else, and its verdict ends it: nothing comes of it (fails closed).
"""

import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from interlock.runtime.canonical import Json
from interlock.runtime.door.enforcement import EnforcementPoint
from interlock.runtime.door.outcome import Done, Waiting
from interlock.runtime.door.tool import AnyTool, ToolFailed, Value
from interlock.runtime.policy.decision import Permit
from interlock.runtime.policy.request import EXTERNAL, Principal
from interlock.runtime.run import canary, subject
from interlock.runtime.run.question import Approval
from interlock.runtime.run.run import NewRun, Run
from interlock.serving.audit import entries
from interlock.serving.home import Home
from interlock.serving.quality import catalogue
from interlock.serving.quality.catalogue import Entry
from interlock.serving.quality.change import changed, replaced

#: One entry of the ledger, opened
Row: TypeAlias = Mapping[str, Any]
#: Of so many approvals, the newest, canaries are made
NEWEST: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Bad:
    """What a canary asks for, and the approval it is made of."""

    base: Approval
    entry: Entry
    arguments: dict[str, Json]
    before: str
    after: str


async def seed(
    home: Home,
    number: int,
    *,
    person: Principal,
    chance: random.Random | None = None,
) -> int:
    """Put up to *number* canaries before the reviewers of the person's tenant; return how many.

    Fewer where too little was asked before to make them of, or where the policy denies what is
    made. Raises `NotPermitted`, and `BadInput` for a catalogue that cannot be read.
    """
    known = catalogue.entries(home.settings.home)
    drawn = chance or random.Random(secrets.randbits(64))  # noqa: S311 - which request is no secret

    async def work() -> int:
        bases = await _bases(home, person.tenant, {one.tool for one in known.values()})
        bad = _made(bases, list(known.values()), drawn)
        put = 0
        for one in bad:
            put += await _put(home, one)
            if put == number:
                break
        return put

    return await home.runtime.acts.perform(
        "quality.seed",
        work,
        person=person,
        arguments={"number": number},
        look=subject.tenant("quality", "canaries"),
    )


async def _bases(home: Home, tenant: str, tools: set[str]) -> list[Approval]:
    listed = await home.approvals.list(tenant=tenant, limit=NEWEST)
    bases = []
    for row in listed:
        if row.tool not in tools or canary.is_canary(home.vault, row.run_id):
            continue
        approval = await home.approvals.read(row.id)
        run = await home.runs.read(row.run_id)
        if run.agent != EXTERNAL and run.agent in home.runtime.agents:
            bases.append(approval)
    return bases


def _made(
    bases: Sequence[Approval],
    known: Sequence[Entry],
    chance: random.Random,
) -> list[Bad]:
    """Return every way to make one of the *bases* bad, in an order of chance."""
    made = []
    for base in bases:
        given: Any = base.evidence["arguments"]
        for entry in known:
            bad = changed(entry, given, chance) if entry.tool == base.tool else None
            if bad is not None:
                made.append(_bad(base, entry, *bad))
    chance.shuffle(made)
    return made


def _bad(
    base: Approval,
    entry: Entry,
    arguments: dict[str, Json],
    before: str,
    after: str,
) -> Bad:
    return Bad(base=base, entry=entry, arguments=arguments, before=before, after=after)


async def _put(home: Home, bad: Bad) -> int:
    """Put the canary before people, and return 1; 0 where the policy asks nobody about it."""
    base = await home.runs.read(bad.base.run_id)
    request = replaced(base.request, bad.before, bad.after)
    run = await home.runs.start(await _new(home, base, request))
    try:
        with home.runs.beating(run):
            waiting = await _asked(home, run, bad)
            if waiting is None:
                await home.runs.end(run, "cancelled", {})
                return 0
            outcome = await home.runs.outcome(base.id) or {}
            await home.runs.end(run, "waiting", outcome, waiting=[waiting])
            return 1
    finally:
        home.runs.give_back(run)


async def _new(home: Home, base: Run, request: dict[str, Json]) -> NewRun:
    pins = await home.runtime.pins(base.agent)
    return NewRun(
        id=canary.named(home.vault),
        agent=base.agent,
        principal=base.principal,
        request=request,
        limits=home.settings.limits,
        autonomy=base.autonomy,
        revision=pins.revision,
        pins=pins.others,
    )


async def _asked(home: Home, run: Run, bad: Bad) -> str | None:
    """Take the steps that only read, then ask; return the approval, or None for none."""
    own = home.pep.by_agent[run.agent]
    door = EnforcementPoint(
        store=home.store,
        vault=home.vault,
        pdp=home.pdp,
        tools=inert(own),
        by_agent={run.agent: inert(own)},
    )
    rows = await entries(home, bad.base.run_id)
    for number, row in enumerate(filter(_only_reads, rows)):
        outcome = await door.enforce(
            run,
            tool=row["body"]["tool"],
            arguments=replaced(row["payload"]["arguments"], bad.before, bad.after),
            call_id=str(number),
            offered=_offered(row),
        )
        if not isinstance(outcome, Done):
            return None
    asked = await door.enforce(
        run,
        tool=bad.entry.tool,
        arguments=bad.arguments,
        call_id="asked",
        offered=_offered(_question(rows, bad.base)),
    )
    return asked.approval_id if isinstance(asked, Waiting) else None


def _only_reads(row: Row) -> bool:
    """Whether the entry is of a call that was done, changed nothing and asked no model."""
    body = row["body"]
    return (
        body["event"] == "step"
        and body.get("class") in {"pure", "read"}
        and body.get("state") == "done"
        and not str(body["tool"]).startswith("model.")
    )


def _question(rows: Sequence[Row], base: Approval) -> Row:
    """Return the entry with which the action of *base* was found to wait for people."""
    return next(
        row
        for row in rows
        if row["body"]["event"] == "decision"
        and row["body"]["action"] == base.action_id
    )


def _offered(row: Row) -> tuple[str, ...] | None:
    """Return the tools that the planner was shown which proposed it; None for a fixed step."""
    offered = row["payload"]["context"]["offered"]
    return None if offered is None else tuple(offered)


def inert(tools: Mapping[str, AnyTool]) -> dict[str, AnyTool]:
    """Return the tools of which those with an effect refuse to act."""
    return {
        name: replace(tool, act=_refuse) if tool.has_effect else tool
        for name, tool in tools.items()
    }


async def _refuse(permit: Permit, arguments: Value) -> Value:
    raise ToolFailed(code="canary", detail="a canary acts on nothing")
