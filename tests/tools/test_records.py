"""Contract records: filed exactly once, in the same database, sealed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from interlock.runtime.outcome import Done, Failed, Unknown
from interlock.runtime.testing import World
from interlock.tools.records import File, Filed, Records, record_tools

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
    made = Records(store=world.store, vault=world.vault, tenant="default")
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

    assert await records.list() == [(File(**FILED), "reviewed")]


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
    assert await records.list() == [(File(**FILED), "approved")]


async def test_a_tenant_sees_its_own(world: World, records: Records) -> None:
    """Records of one tenant are not another's."""
    run = await world.start()
    await world.pep.enforce(run, tool="records.file", arguments=FILED, call_id="1")

    assert await Records(store=world.store, vault=world.vault, tenant="other").list() == []


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
