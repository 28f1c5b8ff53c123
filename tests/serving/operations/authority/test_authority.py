"""Who may do what: every use case asks the policy, and its answer is in the ledger."""

from pathlib import Path

import pytest
from tests.serving.operations.authority.people import (
    ADMINISTRATOR,
    ANALYST,
    AUDITOR,
    NOBODY,
    REQUEST,
    REVIEWER,
    acts,
)

from interlock.errors import NotFound, NotPermitted
from interlock.runtime.canonical import digest
from interlock.runtime.policy.decision import MINT, Permit
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import entries, verified
from interlock.runtime.record.state import differences
from interlock.runtime.run.shelf import Shelf
from interlock.serving.home import Home
from interlock.serving.operations import budgets, exports, kill_switches, runs
from interlock.tools.contracts.records import KIND


async def test_only_an_analyst_starts_runs(home: Home) -> None:
    """Somebody without the role starts no run, and the refusal is recorded."""
    with pytest.raises(NotPermitted):
        await runs.start(
            home, person=REVIEWER, agent="contract_review", request=REQUEST
        )
    assert await home.runs.list() == []

    await runs.start(home, person=ANALYST, agent="contract_review", request=REQUEST)
    assert [effect for _, effect, _ in await acts(home)] == ["deny", "permit"]


async def test_the_start_of_a_run_is_erased_with_the_run(home: Home) -> None:
    """After the erasure no key opens what was said of the request when the run was started."""
    run = await runs.start(
        home, person=ANALYST, agent="contract_review", request=REQUEST
    )
    before = str(await entries(home.store, home.vault))
    await home.runs.end(run, "failed", {})
    await home.runs.erase(run.id, by="ada")
    after = str(await entries(home.store, home.vault))

    assert digest(REQUEST) in before
    assert digest(REQUEST) not in after
    assert await differences(home.store, home.vault) == []
    assert (await verified(home.store, home.vault, home.ledger)).problems == []


async def test_a_start_without_a_run_is_recorded(home: Home) -> None:
    """A permitted start that fails leaves the permit and the failure, and no run."""
    with pytest.raises(NotFound):
        await runs.start(home, person=ANALYST, agent="nobody", request=REQUEST)
    recorded = await entries(home.store, home.vault)

    assert [entry["body"]["event"] for entry in recorded][-2:] == ["act", "act_failed"]
    assert await home.runs.list() == []


async def test_a_person_without_roles_may_only_stop_things(home: Home) -> None:
    """Anybody may engage a kill switch; letting go again takes an administrator."""
    await kill_switches.engage(home.desk, "all", "", person=NOBODY)
    with pytest.raises(NotPermitted):
        await kill_switches.release(home.desk, "all", "", person=NOBODY)

    await kill_switches.release(home.desk, "all", "", person=ADMINISTRATOR)
    assert [(act, effect) for act, effect, _ in await acts(home)] == [
        ("kill_switch.engage", "permit"),
        ("kill_switch.release", "deny"),
        ("kill_switch.release", "permit"),
    ]


async def test_what_is_stopped_starts_nothing_and_can_be_ended(home: Home) -> None:
    """Under a kill switch no run starts, and a run that there is can still be cancelled."""
    run = await runs.start(
        home, person=ANALYST, agent="contract_review", request=REQUEST
    )
    await kill_switches.engage(home.desk, "all", "", person=ANALYST)
    with pytest.raises(NotPermitted) as refusal:
        await runs.start(home, person=ANALYST, agent="contract_review", request=REQUEST)
    assert "killed" in refusal.value.codes

    await runs.cancel(home, run.id, person=ANALYST)
    assert (await home.runs.read(run.id)).status == "cancelled"


async def test_a_run_of_another_tenant_is_out_of_reach(home: Home) -> None:
    """No role of one tenant cancels, erases or raises a run of another."""
    run = await runs.start(
        home, person=ANALYST, agent="contract_review", request=REQUEST
    )
    stranger = Principal(id="ada", tenant="other", roles=("administrator", "analyst"))

    for refused in (
        runs.cancel(home, run.id, person=stranger),
        runs.erase(home, run.id, person=stranger),
        budgets.raise_limit(home, run.id, person=stranger, kind="steps", amount=1),
    ):
        with pytest.raises(NotPermitted) as refusal:
            await refused
        assert refusal.value.codes == ("wrong_tenant",)
    assert (await home.runs.read(run.id)).status == "running"


async def test_an_export_of_records_holds_those_of_ones_own_tenant(home: Home) -> None:
    """Whoever may export records gets none that a run of another tenant has filed."""
    here = await home.start(path=Path("/no/such"), notify=[], person="ana")
    there = await home.runtime.start(
        "contract_review",
        REQUEST,
        principal=Principal(id="olga", tenant="other", roles=()),
    )
    shelf = Shelf(store=home.store, vault=home.vault, kind=KIND)
    for run in (here, there):
        body = {
            "document": "d",
            "name": run.tenant,
            "tier": "low",
            "score": 1,
            "findings": 0,
            "party": "",
            "playbook": "none",
        }
        permit = Permit(
            MINT,
            tool="records.file",
            digest="0" * 64,
            action_id="1" * 64,
            run_id=run.id,
            claim=run.claim,
            tenant=run.tenant,
        )
        await shelf.keep_now(permit, key="d", body=body)

    records = await exports.records(home, person=AUDITOR)
    assert [record.tenant for record in records] == ["default"]


async def test_the_ledger_leaves_by_an_auditor_or_administrator(home: Home) -> None:
    """An export takes a role, and holds the entry of the act that took it."""
    records: list[dict[str, str | int]] = []
    storage, acts = home.runtime.storage, home.runtime.acts
    with pytest.raises(NotPermitted):
        await exports.ledger(storage, acts, records.append, person=ANALYST)

    assert records == []
    await exports.ledger(storage, acts, records.append, person=AUDITOR)
    assert records[0]["kind"] == "log"
    assert any('"ledger.export"' in str(record.get("body")) for record in records[1:])
