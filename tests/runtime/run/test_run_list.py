"""Lists of runs and approvals: pages, newest first, at a constant number of statements."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, insert, select, update

from interlock.runtime.door.outcome import Waiting
from interlock.runtime.errors import NotFound
from interlock.runtime.record.store import tables
from interlock.runtime.run.run import NewRun, Run
from interlock.runtime.testing import (
    AGENT,
    PLENTY,
    REVIEWER,
    Effects,
    FixedClock,
    StaticPoint,
    World,
)


@pytest.fixture
def clock() -> FixedClock:
    """The world's clock under SQLite."""
    return FixedClock()


@pytest.fixture
async def world(
    tmp_path: Path, database_url: str, clock: FixedClock
) -> AsyncIterator[World]:
    """A world with one tool that waits for a reviewer."""
    effects = Effects()
    pdp = StaticPoint(effects={"note.wait": "permit"}, waiting=frozenset({"note.wait"}))
    async with World(
        tmp_path / "home",
        tools=[effects.tool("note.wait")],
        pdp=pdp,
        url=database_url,
        clock=clock,
    ) as made:
        yield made


async def start(world: World, *, tenant: str = "default", agent: str = "test") -> Run:
    """Start a run of *tenant* and *agent*."""
    return await world.runs.start(
        NewRun(
            agent=agent,
            principal=replace(AGENT, tenant=tenant),
            request={"text": agent},
            limits=PLENTY,
            autonomy=2,
            revision=world.pdp.revision,
            intent=None,
        )
    )


async def ask(world: World, run: Run, *, call: str = "1") -> str:
    """Let the run ask a reviewer, and return the approval's id."""
    outcome = await world.pep.enforce(
        run, tool="note.wait", arguments={"text": "a"}, call_id=call
    )
    assert isinstance(outcome, Waiting)
    return outcome.approval_id


@contextmanager
def statements() -> Iterator[list[str]]:
    """Yield the statements that read from a table in the meantime."""
    seen: list[str] = []

    def record(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "\nFROM " in statement:  # the clock of PostgreSQL is read without a table
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", record)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", record)


async def test_runs_are_listed_page_by_page(world: World, clock: FixedClock) -> None:
    """Pages follow each other, newest first, with nothing twice and nothing left out."""
    started = []
    for number in range(7):
        started.append((await start(world)).id)
        clock.advance(number % 2)  # some are of the same second
    pages: list[list[str]] = []
    after: str | None = None
    while page := await world.runs.list(after=after, limit=3):
        pages.append([run.id for run in page])
        after = page[-1].id
    listed = [run_id for page in pages for run_id in page]

    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(listed) == sorted(started)
    assert [run.created for run in await world.runs.list()] == sorted(
        (run.created for run in await world.runs.list()), reverse=True
    )
    with pytest.raises(NotFound):
        await world.runs.list(after="run-x")


async def test_runs_are_listed_by_tenant_status_and_agent(world: World) -> None:
    """Each filter leaves out what does not fit, and a summary says what was asked and for whom."""
    ours = await start(world)
    theirs = await start(world, tenant="other")
    ended = await start(world, agent="second")
    await world.runs.end(ended, "done", {})

    async def listed(**filters: Any) -> set[str]:
        return {run.id for run in await world.runs.list(**filters)}

    (summary,) = await world.runs.list(agent="second")
    assert await listed() == {ours.id, theirs.id, ended.id}
    assert await listed(tenant="default") == {ours.id, ended.id}
    assert await listed(status="running", tenant="other") == {theirs.id}
    assert await listed(status="done") == {ended.id}
    await world.runs.erase(ended.id, by="eva")
    assert await listed(erased=True) == {ended.id}
    assert await listed(erased=False) == {ours.id, theirs.id}
    assert (summary.requester, summary.request, summary.erased) == (
        "ana",
        {"text": "second"},
        False,
    )


@pytest.mark.parametrize("many", [1, 20])
async def test_a_list_costs_the_same_number_of_statements_for_any_number_of_rows(
    world: World, tmp_path: Path, database_url: str, many: int
) -> None:
    """One statement lists runs, and two list approvals with their verdicts; the second page costs
    one more.
    """
    for _ in range(many):
        await ask(world, await start(world))
    async with World(
        tmp_path / "home", url=database_url
    ) as fresh:  # which knows no key yet
        with statements() as of_runs:
            runs = await fresh.runs.list()
        with statements() as of_approvals:
            approvals = await fresh.approvals.list(state="waiting")
        with statements() as of_page:
            await fresh.runs.list(after=runs[0].id, tenant="default", status="running")

    assert (len(runs), len(approvals)) == (many, many)
    assert [len(of_runs), len(of_approvals), len(of_page)] == [1, 2, 2]


async def test_approvals_are_listed_by_tenant_run_and_state(
    world: World, clock: FixedClock
) -> None:
    """Each filter leaves out what does not fit; what nobody decided in time is
    listed as expired.
    """
    first, second = await start(world), await start(world, tenant="other")
    waiting = await ask(world, first)
    decided = await ask(world, first, call="2")
    foreign = await ask(world, second)
    shown = (await world.approvals.read(decided)).evidence_digest
    await world.approvals.decide(
        decided, reviewer=REVIEWER, verdict="approved", shown=shown, note="looks right"
    )

    async def listed(**filters: Any) -> set[str]:
        return {approval.id for approval in await world.approvals.list(**filters)}

    assert await listed() == {waiting, decided, foreign}
    assert await listed(tenant="other") == {foreign}
    assert await listed(run=first.id, state="waiting") == {waiting}
    assert await listed(state="approved") == {decided}
    assert await listed(state="expired") == set()
    (newest,) = await world.approvals.list(limit=1)
    assert newest.id not in await listed(after=newest.id)
    assert len(await listed(after=newest.id)) == 2

    over = update(tables.approval).values(expires=0)
    await world.store.write(lambda tx: tx.connection.execute(over))
    assert await listed(state="waiting") == set()
    assert await listed(state="expired") == {waiting, foreign}


async def test_ten_thousand_runs_are_listed_fast(world: World) -> None:
    """A page of many runs is read by an index: it takes less than a second."""
    run = await start(world)

    def stored(connection: Connection) -> dict[str, Any]:
        return dict(connection.execute(select(tables.run)).mappings().one())

    row = await world.store.read(stored)
    rows = [
        row | {"id": f"run-{number:012}", "created": number} for number in range(10_000)
    ]
    await world.store.write(lambda tx: tx.connection.execute(insert(tables.run), rows))
    began = time.perf_counter()
    page = await world.runs.list(tenant="default", status="running", limit=100)
    seconds = time.perf_counter() - began

    assert len(page) == 100
    assert page[0].id == run.id
    assert all(
        summary.erased for summary in page[1:]
    )  # a copied row has no key of its own
    assert seconds < 1


async def test_a_list_that_nobody_limits_is_whole(world: World) -> None:
    """Runs and approvals end only where the caller says so, never at a number of their own."""
    tenants = ("acme", "default")
    runs = [await start(world, tenant=tenants[of % 2]) for of in range(101)]
    approvals = {await ask(world, run) for run in runs}

    assert len(await world.runs.list()) == len(runs)
    assert {one.id for one in await world.approvals.list(state="waiting")} == approvals
