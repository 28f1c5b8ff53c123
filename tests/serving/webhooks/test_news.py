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


async def test_a_canary_makes_the_news_of_work(tmp_path: Path) -> None:
    """Of a canary that waits a webhook is told what it is told of work, in the same words; once it
    is decided the message says what it was.
    """
    pdp = StaticPoint(effects={MAIL: "permit"}, waiting=frozenset({MAIL}))
    tools = [Effects().tool(MAIL, "irreversible")]
    async with World(tmp_path, tools=tools, pdp=pdp) as world:
        names = canary.work(world.vault), canary.named(world.vault)
        for run_id in names:
            await decided(world, run_id)

        told = await world.store.read(lambda c: news.read(c, EVERYTHING, after=0))

    documents = [orjson.loads(draft.body) for draft in told.drafts]
    work, bait = (
        [one for one in documents if one["data"]["run"] == name] for name in names
    )
    assert [one["type"] for one in work] == [one["type"] for one in bait][:3]
    assert [set(one["data"]) for one in work] == [set(one["data"]) for one in bait][:3]
    assert [one["type"] for one in bait][3:] == ["run.ended"]
    assert [one["data"].get("nature") for one in (work[2], bait[2])] == [
        "work",
        "canary",
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
        intent=None,
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
