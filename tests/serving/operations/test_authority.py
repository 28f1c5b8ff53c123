"""Who may do what: every use case asks the policy, and its answer is in the ledger."""

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, update

from interlock.errors import (
    BadInput,
    GuardFailed,
    NotFound,
    NotPermitted,
    Tampered,
    Unanswered,
)
from interlock.runtime.canonical import digest
from interlock.runtime.policy.decision import MINT, Permit
from interlock.runtime.policy.engine.archive import pack
from interlock.runtime.policy.engine.bundle import load
from interlock.runtime.policy.request import Principal
from interlock.runtime.record.audit import entries, exported, verified
from interlock.runtime.record.events import HOME
from interlock.runtime.record.state import differences
from interlock.runtime.record.store import Tx, tables
from interlock.runtime.run.shelf import Shelf
from interlock.serving import desk as desks
from interlock.serving.desk import Desk
from interlock.serving.home import Home, opened
from interlock.serving.operations import budgets, exports, kill_switches, policies, runs
from interlock.serving.policy.build import PERMISSIVE
from interlock.serving.policy.in_force import in_force
from interlock.serving.settings import BUNDLE, Settings
from interlock.serving.workspace import open_workspace
from interlock.tools.contracts.records import KIND

ANALYST = Principal(id="ana", tenant="default", roles=("analyst",))
REVIEWER = Principal(id="rhea", tenant="default", roles=("reviewer",))
ADMINISTRATOR = Principal(id="ada", tenant="default", roles=("administrator",))
AUDITOR = Principal(id="otto", tenant="default", roles=("auditor",))
NOBODY = Principal(id="nemo", tenant="default", roles=())
REQUEST = {"path": "/no/such/contract.pdf", "notify": []}


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    """A new home with the shipped policy."""
    settings = open_workspace({}, chosen={"home": str(tmp_path)}).settings
    async with opened(settings) as home:
        yield home


async def bodies(home: Home) -> list[dict[str, Any]]:
    """Return the bodies of all entries, in the order of the ledger."""
    records: list[dict[str, str | int]] = []
    await exported(home.store, home.ledger, records.append, log=None)
    return [
        json.loads(str(record["body"]))
        for record in records
        if record["kind"] == "entry"
    ]


async def acts(home: Home) -> list[tuple[Any, Any, Any]]:
    """Return what was asked for, the effect and the codes, in the order of the ledger."""
    return [
        (body["tool"], body["effect"], body["codes"])
        for body in await bodies(home)
        if body["event"] == "act"
    ]


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


async def changed(tmp_path: Path, data: str) -> Settings:
    """Return the settings of a home under the shipped policy, where another one is configured."""
    place = {"home": str(tmp_path / "home")}
    async with opened(open_workspace({}, chosen=place).settings) as home:
        await runs.start(home, person=ANALYST, agent="contract_review", request=REQUEST)
    overlay = tmp_path / "policies"
    overlay.mkdir()
    (overlay / "data.yaml").write_text(data, "utf-8")
    return open_workspace({}, chosen={**place, "policies": str(overlay)}).settings


async def activate(place: Home | Desk, person: Principal) -> str:
    """Put the configured policy in force for *person*."""
    if isinstance(place, Home):
        place = place.desk
    return await policies.activate(place.policy, place.acts, person=person)


async def test_a_policy_does_not_decide_about_its_own_activation(
    tmp_path: Path,
) -> None:
    """The policy in force decides who may replace it, whatever the new one grants or takes away,
    and the record has both revisions.
    """
    old = load(BUNDLE).revision
    grants = "grants:\n  everyone: [policy.activate]\n  administrator: [run.repin]\n"
    async with opened(await changed(tmp_path, grants)) as home:
        with pytest.raises(NotPermitted):
            await activate(home, NOBODY)
        with pytest.raises(NotPermitted):
            await runs.start(
                home, person=ANALYST, agent="contract_review", request=REQUEST
            )
        assert await activate(home, ADMINISTRATOR) == old
        run = await runs.start(
            home, person=ANALYST, agent="contract_review", request=REQUEST
        )
        decided = [
            (body["effect"], body["revision"])
            for body in await bodies(home)
            if body.get("tool") == "policy.activate"
        ]
        activations = [
            (body["previous"], body["revision"])
            for body in await bodies(home)
            if body["event"] == "policy_activated"
        ]

    new = home.bundle.revision
    assert run.revision == new != old
    assert decided == [("deny", old), ("deny", old), ("permit", old)]
    assert activations == [("", old), (old, new)]


async def test_a_policy_that_nobody_could_replace_is_not_activated(
    tmp_path: Path,
) -> None:
    """A policy that grants nobody to activate another one would stay for good, so it is refused."""
    grants = "grants: {administrator: [run.repin]}\n"
    async with desks.opened(await changed(tmp_path, grants)) as desk:
        with pytest.raises(BadInput):
            await activate(desk, ADMINISTRATOR)

        assert await desk.policy.revision() == load(BUNDLE).revision


async def test_a_policy_that_nobody_activated_decides_no_act(tmp_path: Path) -> None:
    """What a policy on disk grants counts from its activation on, for acts that start no run too;
    so does what it takes away, and damage to it keeps nobody from what is granted now.
    """
    grants = "grants: {everyone: [kill_switch.engage, kill_switch.release]}\n"
    settings = await changed(tmp_path, grants)
    async with desks.opened(settings) as desk:
        with pytest.raises(NotPermitted):
            await kill_switches.release(desk, "all", "", person=NOBODY)
        await activate(desk, ADMINISTRATOR)
        await kill_switches.release(desk, "all", "", person=NOBODY)

    (tmp_path / "policies" / "data.yaml").write_text("grants: 7\n", "utf-8")
    async with desks.opened(settings) as desk:
        await kill_switches.release(desk, "all", "", person=NOBODY)
        with pytest.raises(GuardFailed):
            await activate(desk, ADMINISTRATOR)


async def test_the_first_answer_puts_its_policy_in_force(home: Home) -> None:
    """A new home has its policy in force from its first act on, a refused one too, so that nobody
    can exchange the policy before the first run.
    """
    with pytest.raises(NotPermitted):
        await kill_switches.release(home.desk, "all", "", person=NOBODY)

    assert await home.runtime.policy.revision() == home.bundle.revision


@pytest.mark.parametrize("damage", ["missing", "another"])
async def test_a_kept_policy_that_cannot_be_used_permits_nothing(
    tmp_path: Path, damage: str
) -> None:
    """While the policy in force is not what its revision says, acts are denied and stops are made;
    whoever configures that very policy again activates it, and can go on.
    """
    settings = await changed(tmp_path, "limits: {refusals: 4}\n")

    def spoil(tx: Tx) -> None:
        archive = pack(load(PERMISSIVE.with_suffix(".tar.gz")).files)
        spoilt = {"missing": delete(tables.policy)}
        another = update(tables.policy).values(archive=archive)
        tx.connection.execute(spoilt.get(damage, another))

    async with desks.opened(settings) as desk:
        await desk.storage.store.write(spoil, logs=(HOME,))
    async with desks.opened(settings) as desk:
        with pytest.raises(Unanswered):
            await activate(desk, ADMINISTRATOR)
        await kill_switches.engage(desk, "all", "", person=NOBODY)

    async with desks.opened(settings.model_copy(update={"policies": None})) as desk:
        await activate(desk, NOBODY)
    async with desks.opened(settings) as desk:
        assert await activate(desk, ADMINISTRATOR) == load(BUNDLE).revision


@pytest.mark.parametrize("change", ["named", "hidden"])
async def test_rows_put_no_policy_in_force(tmp_path: Path, change: str) -> None:
    """Under a living process, whoever writes to the database neither names another policy as the
    one in force nor takes the newest away: nobody gets a right by either.
    """
    grants = "grants:\n  everyone: [policy.activate, kill_switch.release]\n"
    settings = await changed(tmp_path, grants)
    bundle = in_force(settings)
    entry = update(tables.ledger_entry).where(
        tables.ledger_entry.c.event == "policy_activated"
    )
    body = json.dumps({"revision": bundle.revision}).encode()
    changes: dict[str, dict[str, Any]] = {
        "named": {"body": body},
        "hidden": {"event": "other"},
    }
    row = {"revision": bundle.revision, "archive": pack(bundle.files)}
    async with desks.opened(settings) as desk:

        def forge(tx: Tx) -> None:
            tx.connection.execute(entry.values(changes[change]))
            tx.connection.execute(insert(tables.policy).values(row))

        await desk.storage.store.write(forge, logs=(HOME,))
        with pytest.raises((Unanswered, Tampered)):
            await kill_switches.release(desk, "all", "", person=NOBODY)
        with pytest.raises((Unanswered, Tampered)):
            await activate(desk, NOBODY)


async def test_a_policy_is_activated_after_the_one_that_decided(home: Home) -> None:
    """A permit counts for the policy in force when it was asked for, and not after another one was
    activated meanwhile.
    """
    policy = home.runtime.policy
    with pytest.raises(BadInput) as refusal:
        await policy.activate(after="another")

    assert refusal.value.code == "another_in_force"


async def test_a_start_takes_no_policy_out_of_force(tmp_path: Path) -> None:
    """A run that a person may start begins under the policy in force, or not at all: another one
    may have been activated since the person was let through.
    """
    grants = "grants:\n  administrator: [run.repin]\n"
    async with opened(await changed(tmp_path, grants)) as home:
        before = await home.runs.count()
        with pytest.raises(BadInput) as refusal:
            await home.runtime.start(
                "contract_review", REQUEST, principal=ANALYST, also=lambda *_: None
            )
        after = await home.runs.count()

    assert refusal.value.code == "another_in_force"
    assert after == before


async def test_a_server_starts_nothing_under_a_policy_that_was_replaced(
    tmp_path: Path,
) -> None:
    """Where another process puts another policy in force, a process that has started runs starts
    none under the policy that it still has.
    """
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "data.yaml").write_text("limits: {refusals: 4}\n", "utf-8")
    place = {"home": str(tmp_path / "home")}
    overlay = {"policies": str(tmp_path / "policies")}
    async with opened(open_workspace({}, chosen=place).settings) as home:
        start = partial(
            runs.start, home, person=ANALYST, agent="contract_review", request=REQUEST
        )
        before = [await start(), await start()]
        other = open_workspace({}, chosen={**place, **overlay}).settings
        async with desks.opened(other) as desk:
            await activate(desk, ADMINISTRATOR)
        with pytest.raises(BadInput) as refusal:
            await start()
        with pytest.raises(NotPermitted):
            await start()
        count = await home.runs.count()

    assert refusal.value.code == "another_in_force"
    assert count == len(before)


async def test_an_administrator_pins_runs_to_another_policy(tmp_path: Path) -> None:
    """A run of another policy is pinned anew by whom the policy lets, with an entry; `--all` pins
    those of one revision and leaves what is worked on.
    """
    place = {"home": str(tmp_path / "home")}
    async with opened(open_workspace({}, chosen=place).settings) as home:
        old = home.bundle.revision
        started = [
            await runs.start(
                home, person=ANALYST, agent="contract_review", request=REQUEST
            )
            for _ in range(3)
        ]
        for run in started[:2]:
            home.runs.give_back(run)
    overlay = tmp_path / "policies"
    overlay.mkdir()
    (overlay / "data.yaml").write_text("limits: {refusals: 4}\n", "utf-8")
    changed = open_workspace({}, chosen={**place, "policies": str(overlay)}).settings
    async with opened(changed) as home:
        await activate(home, ADMINISTRATOR)
        with pytest.raises(NotPermitted):
            await runs.repin(home, started[0].id, person=ANALYST)
        await runs.repin(home, started[0].id, person=ADMINISTRATOR)
        outcomes = await runs.repin_all(home, revision=old, person=ADMINISTRATOR)
        revisions = {run.id: (await home.runs.read(run.id)).revision for run in started}
        pinned = [act for act in await acts(home) if act[0] == "run.repin"]

    new = home.bundle.revision
    assert outcomes == {started[1].id: None, started[2].id: "claimed"}
    assert list(revisions.values()) == [new, new, old]
    assert [effect for _, effect, _ in pinned] == ["deny", *["permit"] * 3]
