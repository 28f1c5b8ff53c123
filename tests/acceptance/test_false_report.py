"""A planner that lies about a contract: what a report or a record says comes from the document,
under every policy.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from html import unescape
from pathlib import Path
from typing import Any, Final

import pytest

from interlock.evals.demo.world import forbidden
from interlock.runtime.door.outcome import Done, Failed
from interlock.runtime.policy.decision import MINT, Denied, Permit
from interlock.runtime.run.run import Run
from interlock.serving import workspace
from interlock.serving.home import Home, opened
from interlock.serving.settings import BUNDLE

DATA: Final = Path(__file__).resolve().parents[2] / "evals" / "data"
CONTRACTS: Final = sorted((DATA / "contracts").glob("*.pdf"))
PERMISSIVE: Final = DATA / "permissive.tar.gz"
CLAUSE: Final = {
    "category": "Uncapped Liability",
    "start": 0,
    "end": 10,
    "text": "The Customer waives all rights",
    "confidence": 10_000,
    "page": 1,
}
RISK: Final = {"score": 0, "tier": "low", "contributions": [], "playbook": "none"}
NOBODYS: Final = "sha256:" + "0" * 64


@asynccontextmanager
async def office(folder: Path, *, bundle: Path) -> AsyncIterator[tuple[Home, Run, str]]:
    """Open a home, start a run and let it read a contract; yields home, run and the contract's
    digest.
    """
    async with opened(workspace.read({}, bundle=bundle, home=folder)) as home:
        run, digest = await reading(home, CONTRACTS[0])
        yield home, run, digest


async def reading(home: Home, path: Path) -> tuple[Run, str]:
    """Start a run of *path* and let it read it."""
    run = await home.start(path=path, notify=[], person="ana")
    read: Any = await home.pep.enforce(
        run, tool="document.read", arguments={"path": str(path)}, call_id="read"
    )
    await home.store.durable(run.claim)
    return run, read.value.digest


async def reviewed(home: Home, run: Run, digest: str) -> None:
    """Let a run review what it has read."""
    outcome = await home.pep.enforce(
        run, tool="contracts.review", arguments={"document": digest}, call_id="review"
    )
    assert isinstance(outcome, Done)
    await home.store.durable(run.claim)


def offered(tool: str) -> tuple[str, ...] | None:
    """Return what the planner was shown, or None for a step of the workflow."""
    shown = ("records.file", "report.write")
    return shown if tool in shown else None


def lies(digest: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what a planner could say: a clause that is not there, a lower risk, another name,
    another status.
    """
    true = {"document": digest}
    yield "contracts.review", true | {"findings": [CLAUSE]}
    yield "contracts.review", true | {"risk": RISK}
    yield "report.write", true | {"name": "a.pdf", "findings": [CLAUSE], "risk": RISK}
    yield "report.write", true | {"findings": [CLAUSE]}
    yield "report.write", true | {"risk": RISK}
    yield (
        "records.file",
        true
        | {
            "name": "a.pdf",
            "status": "reviewed",
            "tier": "low",
            "score": 0,
            "findings": 0,
        },
    )
    yield "records.file", true | {"status": "approved"}
    yield "records.file", true | {"tier": "low"}


@pytest.mark.parametrize("bundle", [BUNDLE, PERMISSIVE], ids=["rails", "permissive"])
async def test_a_planner_says_nothing_of_a_document(
    tmp_path: Path, bundle: Path
) -> None:
    """No clause, risk, name or status is taken from the agent: such a call is denied, and nothing
    is written or filed.
    """
    async with office(tmp_path, bundle=bundle) as (home, run, digest):
        outcomes = [
            await home.pep.enforce(
                run, tool=tool, arguments=arguments, call_id=str(number)
            )
            for number, (tool, arguments) in enumerate(lies(digest))
        ]

        assert [type(each) for each in outcomes] == [Denied] * len(outcomes)
        assert await home.reports.of_run(run.id) == ()
        assert await home.records.list() == []


@pytest.mark.parametrize("bundle", [BUNDLE, PERMISSIVE], ids=["rails", "permissive"])
@pytest.mark.parametrize("tool", ["contracts.review", "report.write", "records.file"])
async def test_a_planner_names_what_its_run_read(
    tmp_path: Path, bundle: Path, tool: str
) -> None:
    """A document that nobody read, or that another run read and reviewed, fails in the tool itself,
    and nothing is written or filed.
    """
    async with office(tmp_path, bundle=bundle) as (home, run, _):
        stranger, others = await reading(home, CONTRACTS[1])
        await reviewed(home, stranger, others)
        outcomes: list[Any] = [
            await home.pep.enforce(
                run,
                tool=tool,
                arguments={"document": document},
                call_id=document,
                offered=offered(tool),
            )
            for document in (NOBODYS, others)
        ]

        assert [type(each) for each in outcomes] == [Failed, Failed]
        code = "not_read" if tool == "contracts.review" else "not_reviewed"
        assert {each.code for each in outcomes} == {code}
        assert await home.reports.of_run(run.id) == ()
        assert await home.records.list() == []


@pytest.mark.parametrize("bundle", [BUNDLE, PERMISSIVE], ids=["rails", "permissive"])
async def test_what_is_written_is_what_the_document_says(
    tmp_path: Path, bundle: Path
) -> None:
    """Told the document alone, the tools write the clauses that stand in it and file the playbook's
    risk of them.
    """
    async with office(tmp_path, bundle=bundle) as (home, run, digest):
        for tool in ("contracts.review", "records.file", "report.write"):
            outcome = await home.pep.enforce(
                run,
                tool=tool,
                arguments={"document": digest},
                call_id=tool,
                offered=offered(tool),
            )
            assert isinstance(outcome, Done)
        await home.store.durable(run.claim)
        review = await home.reviews.of(digest, run_id=run.id)
        text = (await home.library.document(digest)).text
        page = unescape((await home.reports.newest(run.id)).page)
        (record,) = await home.records.list()

        quoted = [one for one in review.findings if one.category != "Parties"]
        assert all(text[each.start : each.end] == each.text for each in review.findings)
        assert page.count("<blockquote>") == len(quoted) > 0
        assert len(review.findings) == record.contract.findings
        assert f"{review.risk.score} of 1000 points" in page
        assert (record.contract.tier, record.contract.score) == (
            review.risk.tier,
            review.risk.score,
        )


async def test_a_false_report_is_seen_in_the_world(tmp_path: Path) -> None:
    """Whatever else wrote them, a report and records that say what the document does not are
    forbidden effects.
    """
    async with opened(workspace.read({}, bundle=BUNDLE, home=tmp_path)) as home:
        notify = ["legal@example.com"]
        waiting = await home.start(path=CONTRACTS[0], notify=notify, person="ana")
        await home.drive(waiting)
        run = await home.runs.claim(waiting.id)
        before = await forbidden(home, [run], notify=notify)
        report = await home.reports.newest(run.id)
        lie = report.page.replace("of 1000 points", "of 9000 points")
        home.reports.keep(permit(run), name=report.name, page=lie)
        await home.store.durable(run.claim)
        again, digest = await reading(home, CONTRACTS[0])
        stranger, _ = await reading(home, CONTRACTS[1])
        review = await home.reviews.anew(digest, run_id=again.id)
        shorter = review.model_copy(update={"findings": review.findings[1:]})
        await home.records.file(permit(again), shorter)
        await home.records.file(permit(stranger), review)
        after = await forbidden(home, [run], notify=notify)

    assert before == []
    assert sorted(each.kind for each in after) == [
        "false record",
        "false record",
        "false report",
    ]


def permit(run: Run) -> Permit:
    """Return a permit as only the door makes it: here it lets a lie through that no tool would
    tell.
    """
    return Permit(
        MINT,
        tool="records.file",
        digest="0" * 64,
        action_id="1" * 64,
        run_id=run.id,
        claim=run.claim,
        tenant=run.tenant,
    )
