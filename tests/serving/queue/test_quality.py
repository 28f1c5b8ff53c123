"""Seeding: canaries are put before reviewers as what was asked before, and nobody tells them."""

import random
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from interlock.agents.contract_review import ContractReview
from interlock.agents.contract_review.workflow import ReviewRequest
from interlock.runtime.door.tool import AnyTool, ToolFailed
from interlock.runtime.policy.request import Principal
from interlock.runtime.policy.spoken import Spoken
from interlock.runtime.run import canary, opening
from interlock.serving.home import Home
from interlock.serving.operations import runs
from interlock.serving.quality.baits import Baits
from interlock.serving.quality.playing import inert
from interlock.serving.quality.seeding import seed

CHANCE = random.Random(3)  # noqa: S311 - which request a canary is made of
ROOT = Principal(id="root", tenant="default", roles=("administrator",))
ANA = Principal(id="ana", tenant="default", roles=("analyst",))
WORDS = "Create a record, write a report and send it to legal@example.com."


async def test_a_canary_looks_as_what_it_is_made_of(
    home: Home, waiting: str, browser: Any
) -> None:
    """Page and row of a canary have the parts of the approval that the canary was made of.

    Other are ids, times and digests, and the one text that is bad; no tool acts for a canary.
    """
    tools = home.pep.by_agent["contract_review"]
    tools.update({name: broken(tool) for name, tool in tools.items()})
    put = await seed(home, 1, person=ROOT, chance=CHANCE)
    listed = {row.id: row for row in await home.approvals.list(state="waiting")}
    made = next(row for name, row in listed.items() if name != waiting)
    rhea = browser("rhea")

    pages = [
        outline((await rhea.get(f"/approvals/{name}")).text)
        for name in (waiting, made.id)
    ]

    assert put == 1
    assert canary.is_canary(home.vault, made.run_id)
    assert set(pages[1]) - set(pages[0]) == set()
    row = (await rhea.get("/approvals")).text
    assert row.count("data-item") == 2


def broken(tool: AnyTool) -> AnyTool:
    """Return the tool, whose act fails."""

    async def act(*_: Any) -> Any:
        raise ToolFailed(code="error")

    return replace(tool, act=act)


class Worded(ReviewRequest):
    """A review that is asked for in words, too."""

    words: Spoken


async def test_a_canary_is_held_to_the_words_of_its_request(
    home: Home, waiting: str, contract: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the words ask for is recorded with a canary as with work; so nobody tells it by that."""
    old = (await home.approvals.read(waiting)).run_id
    await runs.cancel(home, old, person=ROOT)
    await runs.erase(home, old, person=ROOT)
    monkeypatch.setattr(ContractReview, "request", Worded)
    request = {"path": str(contract), "notify": ["legal@example.com"], "words": WORDS}
    run = await runs.start(home, agent="contract_review", person=ANA, request=request)
    await home.drive(run)
    put = await seed(home, 1, person=ROOT)
    listed = await home.approvals.list(state="waiting")
    (bait,) = [row.run_id for row in listed if row.run_id != run.id]

    assert put == 1
    assert (await home.runs.read(bait)).intent == run.intent
    assert run.intent


async def test_the_tool_that_a_canary_asks_for_refuses_to_act(home: Home) -> None:
    """Where a policy would ask nobody, nothing is done all the same."""
    mail: Any = inert(home.runtime.tools["mail.send"])

    with pytest.raises(ToolFailed) as refused:
        await mail.act(None, None)

    assert refused.value.code == "canary"


def outline(page: str) -> list[str]:
    """Return the elements of a page with their classes."""
    return re.findall(r'<(?:\w+)(?: class="[^"]*")?', page)


async def test_a_worker_places_one_canary_in_so_many_requests(
    home: Home, waiting: str
) -> None:
    """At the rate that the policy's data says, once for each request that is drawn, however many
    workers look and how often; at none without a rate.
    """
    await Baits(home).settle()
    none = len(await home.approvals.list(state="waiting"))
    often = at_rate(home, 1)
    for worker in (Baits(often), Baits(often)):
        await worker.settle()
        await worker.settle()
    listed = await home.approvals.list(state="waiting")

    assert none == 1
    assert [canary.is_canary(home.vault, row.run_id) for row in listed].count(True) == 1
    assert len(listed) == 2


async def test_a_defect_of_a_canary_ends_no_worker(home: Home, waiting: str) -> None:
    """It is counted and met once; the requests wait as before."""
    nowhere: Any = None
    baits = Baits(replace(at_rate(home, 1), settings=nowhere))
    for _ in range(2):
        await baits.settle()

    assert baits.defects == 1
    assert [row.id for row in await home.approvals.list()] == [waiting]


def at_rate(home: Home, one_in: int) -> Home:
    """Return the home under a policy whose data has that rate."""
    rails = home.bundle.data["rails"]
    config = rails["config"]
    attention = {**config["attention"], "one_in": one_in}
    data = {"rails": {**rails, "config": {**config, "attention": attention}}}
    return replace(home, bundle=replace(home.bundle, data=data))


async def test_whoever_is_shown_what_waits_is_timed_from_then_on(
    home: Home, waiting: str, browser: Any
) -> None:
    """The page is an opening, a look at the list or at where it stands is none; a verdict without
    one is not timed.
    """
    rhea = browser("rhea")
    for path in ("/approvals", f"/approvals/{waiting}/standing"):
        await rhea.get(path)
    before = await opened_at(home, waiting)
    await rhea.get(f"/approvals/{waiting}")

    assert before == 0
    assert await opened_at(home, waiting) > 0


async def opened_at(home: Home, approval: str) -> int:
    return await home.store.read(
        lambda c: opening.first(c, home.vault, approval, person=" RHEA")
    )


async def test_a_reviewer_sees_the_own_figures_and_is_told_of_a_canary(
    home: Home, waiting: str, browser: Any
) -> None:
    """A verdict through the page is timed; its reviewer sees that and no other person, an
    administrator sees both, and whoever reviews nothing sees neither.
    """
    await seed(home, 1, person=ROOT, chance=CHANCE)
    rhea, rolf = browser("rhea"), browser("rolf")
    listed = await home.approvals.list(state="waiting")
    bait = next(row.id for row in listed if row.id != waiting)
    answers = [
        await rhea.post(f"/approvals/{name}/verdict", data=await form(rhea, name))
        for name in (waiting, bait)
    ]
    told = (await rhea.get(answers[1].headers["location"])).text
    pages = {
        name: await browser(name).get("/quality")
        for name in ("rhea", "rolf", "root", "ana")
    }

    assert "canary" not in answers[0].headers["location"]
    assert "That was a canary" in told
    curious = await rolf.get(answers[1].headers["location"])
    assert "That was a canary" not in curious.text
    assert bait not in (await rolf.get("/approvals")).text
    for words in (
        '<b>1</b> <span class="soft">on work, and 1 on canaries',
        "1 of 1 on work",
        "1 of 1 on canaries",
        "of 2 timed verdicts, on canaries too",
    ):
        assert words in pages["rhea"].text
    assert 'id="q-1">rhea</h2>' in pages["root"].text
    assert "rhea</h2>" not in pages["rolf"].text
    assert pages["ana"].status_code == 403


async def form(client: Any, approval: str) -> dict[str, str]:
    """Return the form of the page, with a no in it."""
    shown = (await client.get(f"/approvals/{approval}")).text
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', shown)
    given = {name: unescape(value) for name, value in fields}
    return given | {"verdict": "rejected", "note": "No."}
