"""News: what the entries of a log mean to somebody outside."""

from pathlib import Path

import orjson

from interlock.runtime.door.outcome import Waiting
from interlock.runtime.run import canary
from interlock.runtime.run.run import NewRun
from interlock.runtime.run.webhook import NEWS, Webhook
from interlock.runtime.testing import (
    AGENT,
    PLENTY,
    REVIEWER,
    TOOLBOX,
    Effects,
    StaticPoint,
    World,
)
from interlock.serving.webhooks import news

MAIL = "mail.send"
EVERYTHING = Webhook(
    id="wh-1",
    tenant=AGENT.tenant,
    owner="ada",
    url="",
    events=NEWS,
    state="active",
    secrets=(),
    told=0,
)


async def test_nobody_is_told_of_a_canary(tmp_path: Path) -> None:
    """Neither that its approval waits and is decided, nor that its run waits and ends; of work
    somebody is.
    """
    pdp = StaticPoint(effects={MAIL: "permit"}, waiting=frozenset({MAIL}))
    tools = [Effects().tool(MAIL, "irreversible")]
    async with World(tmp_path, tools=tools, pdp=pdp) as world:
        work = canary.work(world.vault)
        for run_id in (canary.named(world.vault), work):
            await decided(world, run_id)
        entries = [e["event"] for e in await world.entries() if e.get("run") != work]

        told = await world.store.read(
            lambda c: news.read(c, world.vault, EVERYTHING, after=0)
        )

    assert {"approval_requested", "approval", "run_ended"} <= set(entries)
    documents = [orjson.loads(draft.body) for draft in told.drafts]
    assert {one["data"]["run"] for one in documents} == {work}
    assert sorted(one["type"] for one in documents) == [
        "approval.decided",
        "approval.waiting",
        "run.waiting",
    ]


async def decided(world: World, run_id: str) -> None:
    """Let a mail of the run wait for a reviewer, who approves it."""
    new = NewRun(
        id=run_id,
        agent=TOOLBOX,
        principal=AGENT,
        request={},
        limits=PLENTY,
        autonomy=2,
        revision=world.pdp.revision,
    )
    run = await world.runs.start(new)
    outcome = await world.pep.enforce(
        run, tool=MAIL, arguments={"text": "hello"}, call_id="1"
    )
    assert isinstance(outcome, Waiting), outcome
    await world.runs.end(run, "waiting", {}, waiting=[outcome.approval_id])
    world.runs.give_back(run)
    approvals = world.approvals
    shown = (await approvals.read(outcome.approval_id)).evidence_digest
    await approvals.decide(
        outcome.approval_id,
        reviewer=REVIEWER,
        verdict="approved",
        shown=shown,
        note="read it",
    )
