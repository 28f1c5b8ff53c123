"""Contract records: filed exactly once, in the same database, sealed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.erasure import erase
from interlock.runtime.outcome import Done, Failed, Unknown
from interlock.runtime.request import Principal
from interlock.runtime.run import Proposal, Run
from interlock.runtime.testing import PLENTY, World
from interlock.tools.records import File, Filed, Record, Records, record_tools

FILED: dict[str, Any] = {
    "document": "sha256:ab",
    "name": "canary-contract.pdf",
    "status": "reviewed",
    "tier": "low",
    "score": 10,
    "findings": 3,
}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A world with the record tools."""
    async with World(tmp_path) as made:
        yield made


@pytest.fixture
def records(world: World) -> Records:
    """The records of the world's tenant, their tools behind the door and all permitted."""
    made = Records(store=world.store, vault=world.vault)
    for each in record_tools(made):
        world.tools[each.name] = each
        world.pep._tools[each.name] = each  # noqa: SLF001 - the world's store must exist before these tools can
        world.pdp.effects[each.name] = "permit"  # type: ignore[attr-defined]  # the table of this world's twin
    return made


async def test_a_record_is_filed_once(world: World, records: Records) -> None:
    """Filing the same review twice, as one call or as two, leaves one record that says the same."""
    run = await world.start()
    for call in ("1", "1", "2"):
        outcome = await world.pep.enforce(run, tool="records.file", arguments=FILED, call_id=call)
        assert isinstance(outcome, Done)
        assert outcome.value == Filed(document="sha256:ab", status="reviewed")

    assert await records.list() == [record(run, "reviewed")]


async def test_a_record_is_sealed(world: World, records: Records, tmp_path: Path) -> None:
    """What a record says of a contract is not readable in the database's files."""
    run = await world.start()
    await world.pep.enforce(run, tool="records.file", arguments=FILED, call_id="1")
    await world.store.settled(run.id)
    files = list(tmp_path.glob("interlock.db*"))

    assert files
    assert [path for path in files if b"canary-contract" in path.read_bytes()] == []


async def test_only_a_filed_contract_is_approved(world: World, records: Records) -> None:
    """Approving what is not filed fails and files nothing; approving what is changes its status and nothing else."""
    run = await world.start()
    arguments = {"document": "sha256:ab", "note": "checked"}
    before = await world.pep.enforce(run, tool="records.approve", arguments=arguments, call_id="1")
    nothing = await records.list()
    await world.pep.enforce(run, tool="records.file", arguments=FILED, call_id="2")
    after = await world.pep.enforce(run, tool="records.approve", arguments=arguments, call_id="3")

    assert isinstance(before, Failed)
    assert before.code == "not_filed"
    assert nothing == []
    assert isinstance(after, Done)
    assert await records.list() == [record(run, "approved")]


async def test_each_run_files_its_own_record(world: World, records: Records) -> None:
    """Two runs of one contract file two records, each under its run's tenant; approving one changes the other in nothing."""
    runs = [await started(world, tenant=tenant) for tenant in ("acme", "other")]
    for run in runs:
        await world.pep.enforce(run, tool="records.file", arguments=FILED, call_id="1")
    arguments = {"document": "sha256:ab", "note": "checked"}
    await world.pep.enforce(runs[1], tool="records.approve", arguments=arguments, call_id="2")
    filed = {each.run_id: (each.tenant, each.status) for each in await records.list()}

    assert filed == {runs[0].id: ("acme", "reviewed"), runs[1].id: ("other", "approved")}


async def test_a_record_goes_with_its_run_alone(world: World, records: Records) -> None:
    """Erasing a run takes away its own record, and the other run's record of the same contract stays readable."""
    kept, gone = await world.start(), await world.start()
    for run in (kept, gone):
        await world.pep.enforce(run, tool="records.file", arguments=FILED, call_id="1")
        await world.runs.end(run, "done", {})
    await erase(world.store, world.vault, gone.id, by="ada")

    assert await records.list() == [record(kept, "reviewed")]


async def test_an_approved_record_is_not_filed_over(world: World, records: Records) -> None:
    """Filing again what was approved meanwhile leaves it approved."""
    run = await world.start()
    await world.pep.enforce(run, tool="records.file", arguments=FILED, call_id="1")
    await world.pep.enforce(run, tool="records.approve", arguments={"document": "sha256:ab", "note": "checked"}, call_id="2")
    again = await world.pep.enforce(run, tool="records.file", arguments=FILED, call_id="3")

    assert isinstance(again, Done)
    assert again.value == Filed(document="sha256:ab", status="approved")


async def started(world: World, *, tenant: str) -> Run:
    """Start a run for a tenant."""
    agent = Principal(id="agent:test", tenant=tenant, roles=("contract_review",), on_behalf_of="ana")
    return await world.runs.start(
        Proposal(agent="test", principal=agent, request={}, limits=PLENTY, autonomy=2, revision=world.pdp.revision)
    )


def record(run: Run, status: str) -> Record:
    return Record(run_id=run.id, tenant="default", status=status, filed=File(**FILED))


@pytest.mark.parametrize(("kind", "raised"), [("tokens", 5), ("patience", 0)])
async def test_a_limit_is_raised_as_asked(world: World, records: Records, kind: str, raised: int) -> None:
    """A permitted raise adds to one limit of the run and is in the ledger; a kind that does not exist changes nothing."""
    run = await world.start()
    before: Any = (await world.budget(run)).limits
    outcome = await world.pep.enforce(run, tool="budget.raise", arguments={"kind": kind, "amount": 5}, call_id="1")
    after: Any = (await world.budget(run)).limits
    moved = [each for each in await world.entries() if each["event"] == "budget"]

    assert isinstance(outcome, Done if raised else Unknown)
    assert after.tokens - before.tokens == raised
    assert [(each["kind"], each["amount"]) for each in moved] == ([(kind, raised)] if raised else [])
