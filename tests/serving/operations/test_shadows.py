"""Shadows: runs are copied under the candidate before it is given any, and touch nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.serving.operations.test_rollouts import (
    ADMINISTRATOR,
    Place,
    place,
)

from interlock.runtime.door.outcome import Done
from interlock.runtime.errors import BadInput, NotFound
from interlock.runtime.policy.decision import Denied
from interlock.runtime.policy.request import LIMITS
from interlock.runtime.record.audit import verified
from interlock.runtime.record.store import tables
from interlock.runtime.run import level, recorded_action
from interlock.runtime.run.recorded_action import RecordedAction
from interlock.runtime.run.rollout import Plan
from interlock.runtime.run.run import NewRun
from interlock.runtime.run.webhook import Webhook
from interlock.serving import audit, view
from interlock.serving.operations import budgets, record_looks, runs
from interlock.serving.rollout.guards import BURST
from interlock.serving.webhooks import news
from interlock.testing import ModelServer, refuses

AUDITOR = replace(ADMINISTRATOR, roles=("auditor",))
FIRST = Plan(steps=(0, 50, 100), shadow=2)
EFFECTS = {"records.file", "report.write"}
OUTSIDE = Webhook(
    id="w",
    tenant="default",
    owner="ada",
    url="https://outside.example",
    events=("run.ended",),
    state="active",
    secrets=(),
    told=0,
)


@pytest.fixture
def home_folder(tmp_path: Path) -> Path:
    """The folder of a new home."""
    return tmp_path / "home"


async def copied(here: Place, number: int) -> list[Any]:
    """Let so many reviews end, then their shadows, and return the rows of the shadows."""
    await here.begin(number)
    for _ in range(3):
        await here.work()
    run = tables.run.c
    query = select(tables.run).where(run.shadow != "").order_by(run.id)
    store = here.control.store
    return list(await store.read(lambda look: look.execute(query).mappings().all()))


async def actions(here: Place, run_id: str) -> dict[str, RecordedAction]:
    """Return what the run proposed, by tool."""
    vault = here.control.vault
    rows = await here.control.store.read(
        lambda look: recorded_action.of_run(look, run_id, vault.key(look, run_id))
    )
    return {row.tool: row for row in rows}


async def test_runs_are_copied_before_any_is_given_the_candidate(
    home_folder: Path,
) -> None:
    """As many runs as were named are copied at a time, and each is compared with its copy; until
    nothing can be far worse the candidate is given no run.
    """
    async with place(home_folder) as here:
        begun = await here.start(FIRST)
        first = await copied(here, 3)
        await copied(here, 1)
        given = {run.release for run in await here.begin(1)}
        standing = await here.standing()
        runtime = here.control.runtime
        report = await verified(runtime.store, runtime.vault, runtime.ledger)

    assert given == {begun.control}
    assert {row["release"] for row in first} == {begun.candidate}
    assert [row["status"] for row in first] == ["done"] * FIRST.shadow
    assert len({row["shadow"] for row in first}) == FIRST.shadow
    assert (standing.how, standing.step, standing.percent) == ("held", 0, 0)
    assert standing.figures["runs"] == {"control": 3, "canary": 3}
    assert report.problems == []


async def test_a_shadow_touches_nothing(home_folder: Path) -> None:
    """Each effect is refused before its tool, what was read comes from the record, and nobody but
    the shadow pays, whatever limit its tenant has.
    """
    async with place(home_folder) as here:
        store = here.control.store
        await budgets.set_limit(
            here.control,
            "tenant:default",
            person=ADMINISTRATOR,
            kind="steps",
            amount=1_000,
        )
        await here.start(FIRST)
        [original] = await here.begin(1)
        await here.control.runtime.resume(original.id)
        before = await store.read(lambda look: level.read(look, "tenant:default"))
        here.contract.unlink()
        [shadow] = await copied(here, 0)
        after = await store.read(lambda look: level.read(look, "tenant:default"))
        own = await store.read(lambda look: level.read(look, shadow["budget_id"]))
        done = await actions(here, original.id)
        copy = await actions(here, shadow["id"])

    assert shadow["refusals"] == 0
    assert {tool for tool, one in copy.items() if one.state == "denied"} == EFFECTS
    for tool in EFFECTS:
        assert [reason.code for reason in copy[tool].reasons] == ["shadow"]
    assert copy["document.read"].result == done["document.read"].result
    assert copy["contracts.review"].state == "done"
    assert own.facts.spent.steps > 0
    assert after.facts.spent == before.facts.spent


async def test_a_shadow_reads_nothing_that_its_run_did_not(home_folder: Path) -> None:
    """What is not on record is refused, though the file is there and the policy permits it."""
    outcomes = []
    async with place(home_folder) as here:
        read, unread = await here.begin(2)
        await here.control.runtime.resume(read.id)
        for original in (read, unread):
            shadow = await begun_of(here, original)
            outcome = await here.control.pep.enforce(
                shadow,
                tool="document.read",
                arguments={"path": str(here.contract)},
                call_id="read",
            )
            outcomes.append(outcome)

    assert isinstance(outcomes[0], Done)
    assert isinstance(outcomes[1], Denied)
    assert outcomes[1].codes == ("shadow_strayed",)


async def begun_of(here: Place, run: Any) -> Any:
    """Begin a shadow of the run in the release in force, claimed."""
    return await here.control.runs.start(
        NewRun(
            shadow=run.id,
            agent=run.agent,
            principal=run.principal,
            request=run.request,
            limits=LIMITS,
            autonomy=run.autonomy,
            revision=run.revision,
            pins=run.pins,
            release=run.release,
            intent=run.intent,
        )
    )


async def test_nobody_is_shown_a_shadow(home_folder: Path) -> None:
    """A shadow is in no list, is no result, nobody outside is told of one, and a shadow is erased
    with the run that it copies.
    """
    async with place(home_folder) as here:
        await here.start(FIRST)
        [original] = await here.begin(1)
        [shadow] = await copied(here, 0)
        told = await here.control.store.read(
            lambda look: news.read(look, OUTSIDE, after=0)
        )
        listed = {run.id for run in await here.control.runs.list()}
        with pytest.raises(NotFound):
            await view.view(here.control, shadow["id"])
        person = replace(ADMINISTRATOR, tenant="default")
        await runs.erase(here.control, original.id, person=person)
        with pytest.raises(BadInput) as gone:
            await here.control.runs.read(shadow["id"])

    [draft] = told.drafts
    assert original.id in draft.body.decode()
    assert listed == {original.id}
    assert gone.value.code == "erased"


async def test_the_record_tells_what_a_shadow_did_from_the_rest(
    home_folder: Path,
) -> None:
    """Decisions, entries and the ledger's lines name the run that is copied, and a reader leaves
    them out; the bodies that were signed stay as they are.
    """
    async with place(home_folder) as here:
        home = here.control
        await here.start(FIRST)
        [original] = await here.begin(1)
        [shadow] = await copied(here, 0)
        asked: dict[str, Any] = {"person": AUDITOR, "limit": 500}
        entries, work = [
            await record_looks.log_entries(home, after=-1, shadows=shown, **asked)
            for shown in (True, False)
        ]
        every, decided = [
            await record_looks.decisions(
                home, run_id=None, below=None, shadows=shown, **asked
            )
            for shown in (True, False)
        ]
        lines = await audit.entries(home)

    assert entries.shadows == every.shadows == {shadow["id"]: original.id}
    for told, rest in ((entries, work), (every, decided)):
        own = [body for body in told.bodies if body["run"] == shadow["id"]]
        assert own
        assert rest.shadows == {}
        assert rest.bodies == [body for body in told.bodies if body not in own]
    assert {
        line["shadow"] for line in lines if line["body"]["run"] == shadow["id"]
    } == {original.id}
    assert {line["shadow"] for line in lines if line["body"]["run"] == original.id} == {
        ""
    }


async def test_what_the_copies_do_worse_takes_the_release_back(
    home_folder: Path,
) -> None:
    """A candidate of which each copy fails is never given a run."""
    async with (
        ModelServer([refuses(400)]) as server,
        place(home_folder, url=server.url) as here,
    ):
        await here.start(replace(FIRST, shadow=BURST))
        await copied(here, BURST)
        standing = await here.standing()

    assert (standing.status, standing.percent) == ("rolled_back", 0)
    assert standing.figures["guard"] == "error_burst"


async def test_copies_come_before_the_first_step(home_folder: Path) -> None:
    """Copies without a step of no runs, such a step without copies, and copies before all runs at
    once start nothing.
    """
    plans = (
        replace(FIRST, steps=(50, 100)),
        replace(FIRST, shadow=0),
        replace(FIRST, kind="blue_green", steps=(0, 100)),
    )
    async with place(home_folder) as here:
        for plan in plans:
            with pytest.raises(BadInput) as refusal:
                await here.start(plan)
            assert refusal.value.code == "rollout_step"


async def test_no_run_is_copied_that_was_erased_meanwhile(home_folder: Path) -> None:
    """Who read the run before it was erased begins no shadow that holds what the run held."""
    async with place(home_folder) as here:
        [original] = await here.begin(1)
        await here.control.runtime.resume(original.id)
        await here.control.runs.erase(original.id, by="ada")
        with pytest.raises(BadInput) as refusal:
            await begun_of(here, original)

    assert refusal.value.code == "erased"
